// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what is looked at in an ID token.
type claims struct {
	jwt.RegisteredClaims
	Nonce           string `json:"nonce"`
	AuthorizedParty string `json:"azp"`
	Email           string `json:"email"`
}

// skew is how wrong the clock of this machine may be.
const skew = 5 * time.Minute

// judge holds an ID token against OpenID Connect Core 1.0, section 3.1.3.7, and that of a
// refresh against section 12.2 too. It has come from the token endpoint over TLS, so that its
// signature says nothing more here (rule 6); the API server, to which it goes on, verifies that.
func (p *Plugin) judge(raw string, before kept) (claims, error) {
	if raw == "" {
		return claims{}, errors.New("the issuer gave no ID token: openid must be among the scopes, and the client must have it")
	}
	said := claims{}
	if _, _, err := jwt.NewParser().ParseUnverified(raw, &said); err != nil {
		return claims{}, errors.New("the issuer gave an ID token that is none")
	}
	rules := jwt.NewValidator(
		jwt.WithIssuer(p.Issuer), jwt.WithAudience(p.ClientID), jwt.WithExpirationRequired(), jwt.WithLeeway(skew), jwt.WithTimeFunc(p.Now))
	if err := rules.Validate(said); err != nil {
		return claims{}, fmt.Errorf("the issuer gave an ID token that is not for us and now: %w", err)
	}
	switch {
	case said.AuthorizedParty != "" && said.AuthorizedParty != p.ClientID:
		return claims{}, errors.New("the issuer gave an ID token that is another client's")
	case said.Subject == "" || before.Subject != "" && said.Subject != before.Subject:
		return claims{}, errors.New("the issuer gave an ID token of somebody else")
	case said.Nonce != before.Nonce && (said.Nonce != "" || before.Subject == ""):
		return claims{}, errors.New("the issuer gave an ID token of another sign-in")
	}
	return said, nil
}

// expiresHere is when the ID token expires by a clock that may be wrong: it lasts no longer
// from now on than it was made for.
func (c claims) expiresHere(now time.Time) time.Time {
	expires := c.ExpiresAt.Time
	if c.IssuedAt != nil {
		if longest := now.Add(expires.Sub(c.IssuedAt.Time)); longest.Before(expires) {
			return longest
		}
	}
	return expires
}
