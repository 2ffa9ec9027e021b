// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

// exchangeCode is the grant authorization_code (RFC 6749, section 4.1.3).
func (s *Service) exchangeCode(ctx context.Context, c call) (tokenAnswer, error) {
	shown := grant.CodeShown{Code: c.secret("code"), Verifier: c.secret("code_verifier"), RedirectURI: c.get("redirect_uri")}
	switch {
	case shown.Code == "":
		return tokenAnswer{}, refuse(InvalidRequest, "code is missing.")
	case shown.RedirectURI == "":
		return tokenAnswer{}, refuse(InvalidRequest, "redirect_uri is missing.")
	case shown.Verifier != "" && !isVerifier(string(shown.Verifier)):
		return tokenAnswer{}, refuse(InvalidGrant, "code_verifier must be 43 to 128 letters, digits and -._~.")
	}
	if err := s.readyToSign(c.client); err != nil {
		return tokenAnswer{}, err
	}
	issued, err := s.Grants.Redeem(ctx, shown, s.termsOf(c.client), c.from)
	if errors.Is(err, auth.Refuse(auth.AuthorizationCodeInvalid)) {
		return tokenAnswer{}, refuse(InvalidGrant, "The code has expired, was used already, or is of another client, redirect_uri or code_verifier.")
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	audience, err := narrowed(issued.Grant, c.resources())
	if err != nil {
		return tokenAnswer{}, err
	}
	s.Clients.MarkUsed(c.client)
	return s.answerIssued(ctx, c.client, issued, issued.Grant.Scopes, audience)
}

// isVerifier reports whether a text may be a code verifier (RFC 7636, section 4.1).
func isVerifier(text string) bool {
	const shortest, longest = 43, 128
	return len(text) >= shortest && len(text) <= longest && !strings.ContainsFunc(text, notUnreserved)
}

func notUnreserved(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	default:
		return !strings.ContainsRune("-._~", r)
	}
}
