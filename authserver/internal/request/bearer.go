// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Bearer reads the Authorization header (RFC 6750, section 2.1). No header
// is no token; a header that is something else is a bad one.
func Bearer(r *http.Request) (auth.Secret, error) {
	headers := r.Header.Values("Authorization")
	switch len(headers) {
	case 0:
		return "", nil
	case 1:
		return parseBearer(headers[0])
	default:
		return "", &auth.Error{Code: auth.TokenInvalid}
	}
}

func parseBearer(header string) (auth.Secret, error) {
	scheme, token, found := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsFunc(token, notToken68) {
		return "", &auth.Error{Code: auth.TokenInvalid}
	}
	return auth.Secret(token), nil
}

// notToken68 finds what cannot stand in a token (RFC 9110, section 11.2).
func notToken68(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	default:
		return !strings.ContainsRune("-._~+/=", r)
	}
}
