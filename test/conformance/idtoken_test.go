// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// clocksDiffer is by how much the clock of the provider may be off.
const clocksDiffer = 5 * time.Minute

// keys are those of the provider.
func (rp *relyingParty) keys() jose.JSONWebKeySet {
	rp.t.Helper()
	set := jose.JSONWebKeySet{}
	a := get(rp.t, rp.http, rp.provider.metadata.text("jwks_uri"))
	if err := json.Unmarshal([]byte(a.Body), &set); err != nil || a.Status != http.StatusOK {
		rp.t.Fatalf("the keys are %d %s: %v", a.Status, a.Body, err)
	}
	return set
}

// keyOf is the one that has signed a token by its header: by its id, or by what it is for
// where the token names none.
func (rp *relyingParty) keyOf(token *jwt.Token) (any, error) {
	kid, named := token.Header["kid"]
	for _, key := range rp.keys().Keys {
		if named && key.KeyID == kid || !named && key.Algorithm == token.Method.Alg() {
			return key.Key, nil
		}
	}
	return nil, fmt.Errorf("nobody has published the key %v", kid)
}

// verified are the claims of an ID token that a relying party may believe (OpenID Connect
// Core 1.0, sections 2 and 3.1.3.7). It has the nonce that was asked for, none if none was,
// and belongs to the access token that came with it; empty for none.
func (rp *relyingParty) verified(token, nonce, access string) map[string]any {
	rp.t.Helper()
	claims := jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(token, claims, rp.keyOf,
		jwt.WithValidMethods(rp.provider.metadata.list("id_token_signing_alg_values_supported")),
		jwt.WithIssuer(rp.provider.issuer), jwt.WithAudience(rp.client.id), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithTimeFunc(rp.provider.now), jwt.WithLeeway(time.Second))
	if err != nil {
		rp.t.Fatalf("the ID token: %v", err)
	}
	rp.checkTimes(claims)
	if sub, _ := claims["sub"].(string); sub == "" || len(sub) > 255 {
		rp.t.Errorf("the ID token is of %v", claims["sub"])
	}
	if got, found := claims["nonce"]; found != (nonce != "") || found && got != nonce {
		rp.t.Errorf("the nonce %q came back as %v", nonce, got)
	}
	if acr, found := claims["acr"]; found && (acr == "" || !isText(acr)) {
		rp.t.Errorf("acr is %v", acr)
	}
	if party, found := claims["azp"]; found && party != rp.client.id {
		rp.t.Errorf("the ID token is for %v", party)
	}
	if hash, found := claims["at_hash"]; found && access != "" && parsed.Method.Alg() == "RS256" {
		sum := sha256.Sum256([]byte(access))
		if want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]); hash != want {
			rp.t.Errorf("at_hash is %v, not %s", hash, want)
		}
	}
	rp.checkStandardClaims(claims)
	return claims
}

// checkTimes looks at what the parser does not.
func (rp *relyingParty) checkTimes(claims jwt.MapClaims) {
	rp.t.Helper()
	now := rp.provider.now()
	if issued := timeOf(claims["iat"]); now.Sub(issued).Abs() > clocksDiffer {
		rp.t.Errorf("the ID token was made at %s", issued)
	}
	if expires := timeOf(claims["exp"]); expires.After(now.AddDate(50, 0, 0)) {
		rp.t.Errorf("the ID token expires at %s", expires)
	}
	if _, found := claims["auth_time"]; !found {
		return
	}
	if at := timeOf(claims["auth_time"]); at.After(now.Add(clocksDiffer)) || at.Before(now.AddDate(-1, 0, 0)) {
		rp.t.Errorf("auth_time is %s", at)
	}
}

// timeOf is a claim that is a time in seconds; 1970 for one that is none.
func timeOf(claim any) time.Time {
	seconds, _ := claim.(float64)
	return time.Unix(int64(seconds), 0)
}

func isText(claim any) bool {
	_, ok := claim.(string)
	return ok
}

// standardClaims are those of OpenID Connect Core 1.0, section 5.1, by the scope that
// stands for them (section 5.4).
func standardClaims() map[string][]string {
	return map[string][]string{
		"profile": {
			"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
			"gender", "birthdate", "zoneinfo", "locale", "updated_at",
		},
		"email":   {"email", "email_verified"},
		"address": {"address"},
		"phone":   {"phone_number", "phone_number_verified"},
	}
}

// checkStandardClaims holds claims about somebody against the types that section 5.1 gives
// them. None is empty: what is not known is left out (section 5.3.2).
func (rp *relyingParty) checkStandardClaims(claims map[string]any) {
	rp.t.Helper()
	for _, names := range standardClaims() {
		for _, name := range names {
			value, found := claims[name]
			if !found {
				continue
			}
			valid := isText(value) && strings.TrimSpace(value.(string)) != ""
			switch name {
			case "email_verified", "phone_number_verified":
				_, valid = value.(bool)
			case "updated_at":
				seconds, number := value.(float64)
				valid = number && seconds < 1e11 // and not milliseconds
			case "address":
				_, valid = value.(map[string]any)
			}
			if !valid {
				rp.t.Errorf("%s is %v", name, value)
			}
		}
	}
}
