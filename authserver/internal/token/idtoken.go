// SPDX-License-Identifier: Apache-2.0

package token

import (
	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// idTokenClaims are those of an ID token that the realm reads.
type idTokenClaims struct {
	SessionID string `json:"sid"`
	jwt.RegisteredClaims
}

// VerifyIDToken returns what an ID token of the realm says. It may have expired long ago:
// whoever brings it back says who they mean, and is given nothing for it (OpenID Connect
// RP-Initiated Logout 1.0, section 2). It refuses with auth.TokenInvalid.
func (t *Tokens) VerifyIDToken(token auth.Secret) (auth.IDToken, error) {
	s := t.snapshot()
	ring, err := t.rings.of(s)
	if err != nil {
		return auth.IDToken{}, err
	}
	c := idTokenClaims{}
	parsed, err := jwt.ParseWithClaims(string(token), &c, ring.publishedKey(s.Keyset, t.now()),
		jwt.WithValidMethods([]string{string(realmconfig.ES256), string(realmconfig.RS256), string(realmconfig.EdDSA)}),
		jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	if err != nil || parsed.Header["typ"] != auth.IDTokenType || c.Issuer != s.Config.Issuer || c.Subject == "" || len(c.Audience) != 1 {
		return auth.IDToken{}, &auth.Error{Code: auth.TokenInvalid} // the library's error quotes parts of the token
	}
	return auth.IDToken{ClientID: c.Audience[0], Subject: c.Subject, SessionID: c.SessionID}, nil
}
