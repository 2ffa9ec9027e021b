// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
)

// expected is what tells a provider's answer from another's.
type expected struct {
	// issuer is the provider's; empty when it is not known beforehand.
	issuer string
	// named is set when every answer must say who gives it (RFC 9207).
	named bool
	// apart is set at a callback to which no other provider's answers come.
	apart bool
}

func (p *provider) expected(e endpoints) expected {
	return expected{issuer: e.issuer, named: p.RequireIssuer || e.namesItself, apart: p.OwnCallback}
}

// mayBeGivenBy reports whether an answer may be the provider's that says issuer
// gives it, or, when that is empty, does not say (RFC 9207, section 2.4). A name
// that nothing is known to compare with may be anybody's, which matters where
// answers of others arrive.
func (e expected) mayBeGivenBy(issuer string) bool {
	switch {
	case issuer == "":
		return !e.named
	case e.issuer == "":
		return e.apart
	default:
		return issuer == e.issuer
	}
}

// party names who is asked at the endpoints.
func (p *provider) party(e endpoints) federation.Party {
	digest := sha256.Sum256(fmt.Appendf(nil, "%t %q", p.OwnCallback, []string{
		string(p.Type), p.ClientID, e.issuer, e.authorization, e.token, e.userInfo,
	}))
	return federation.Party(hex.EncodeToString(digest[:]))
}

// refusedWith is what an answer without a code comes to (RFC 6749, section 4.1.2.1;
// OpenID Connect Core 1.0, section 3.1.2.6; some are Apple's, LinkedIn's and GitHub's own).
func refusedWith(code string) error {
	switch code {
	case "server_error", "temporarily_unavailable":
		return &auth.Error{Code: auth.ProviderUnavailable}
	case "access_denied", "interaction_required", "login_required", "account_selection_required", "consent_required",
		"user_cancelled_authorize", "user_cancelled_login":
		return auth.RefuseBecause(auth.ProviderRefused, auth.SignInDeclined)
	case "invalid_scope":
		return auth.RefuseBecause(auth.ProviderRefused, auth.ScopeRefused)
	case "invalid_request", "unauthorized_client", "invalid_client", "unsupported_response_type", "unsupported_response_mode",
		"redirect_uri_mismatch", "application_suspended":
		return auth.RefuseBecause(auth.ProviderRefused, auth.ClientRefused)
	default:
		return auth.Refuse(auth.ProviderRefused)
	}
}
