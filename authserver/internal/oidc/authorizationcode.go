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
	if _, err := s.audienceOf(c.client, c.resources()); err != nil {
		return tokenAnswer{}, err // before the code is used up
	}
	issued, err := s.Grants.Redeem(ctx, shown, s.termsOf(c), c.from)
	if errors.Is(err, auth.Refuse(auth.AuthorizationCodeInvalid)) {
		return tokenAnswer{}, refuse(InvalidGrant, "The code has expired, was used already, or is of another client, redirect_uri, code_verifier or key.")
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	answer, err := s.answerCode(ctx, c, issued)
	if err != nil {
		s.abandon(ctx, c, issued)
		return tokenAnswer{}, err
	}
	s.Clients.MarkUsed(ctx, c.client)
	return answer, nil
}

// answerCode is the answer with the first tokens of a grant. The client may have lost a scope
// since it has asked for the code.
func (s *Service) answerCode(ctx context.Context, c call, issued grant.Issued) (tokenAnswer, error) {
	audience, err := narrowed(issued.Grant, c.resources())
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.answerIssued(ctx, c, issued, grantedScopes(s.askingFor(c.client, issued.Grant.Audience), issued.Grant.Scopes), audience)
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
