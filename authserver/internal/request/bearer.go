// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Scheme is how a request shows an access token.
type Scheme string

const (
	// BearerScheme is of whoever has the token (RFC 6750), DPoPScheme of whoever holds the key
	// that it is bound to as well (RFC 9449, section 7.1).
	BearerScheme Scheme = "Bearer"
	DPoPScheme   Scheme = "DPoP"
)

// Bearer reads the Authorization header (RFC 6750, section 2.1). No header
// is no token; a header that is something else is a bad one.
func Bearer(r *http.Request) (auth.Secret, error) {
	token, scheme, err := AccessToken(r)
	if err == nil && token != "" && scheme != BearerScheme {
		return "", &auth.Error{Code: auth.TokenInvalid}
	}
	return token, err
}

// AccessToken is Bearer for whoever takes tokens of each Scheme.
func AccessToken(r *http.Request) (auth.Secret, Scheme, error) {
	headers := r.Header.Values("Authorization")
	switch len(headers) {
	case 0:
		return "", BearerScheme, nil
	case 1:
		return parseAuthorization(headers[0])
	default:
		return "", "", &auth.Error{Code: auth.TokenInvalid}
	}
}

func parseAuthorization(header string) (auth.Secret, Scheme, error) {
	scheme, token, found := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if found && token != "" && !strings.ContainsFunc(token, notToken68) {
		for _, known := range []Scheme{BearerScheme, DPoPScheme} {
			if strings.EqualFold(scheme, string(known)) {
				return auth.Secret(token), known, nil
			}
		}
	}
	return "", "", &auth.Error{Code: auth.TokenInvalid}
}

// Proofs are the values of the header DPoP (RFC 9449, section 4.1).
func Proofs(r *http.Request) []string { return r.Header.Values("DPoP") }

// GiveNonce tells a client the nonce of its next proof (RFC 9449, section 8).
func GiveNonce(w http.ResponseWriter, nonce string) { w.Header().Set("DPoP-Nonce", nonce) }

// notToken68 finds what cannot stand in a token (RFC 9110, section 11.2).
func notToken68(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	default:
		return !strings.ContainsRune("-._~+/=", r)
	}
}
