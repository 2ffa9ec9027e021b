// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// How much a realm, or a client, may have said of people.
const (
	MaxClaims = 16
	// MaxClaimName is in bytes, MaxClaimExpression in characters.
	MaxClaimName       = 128
	MaxClaimExpression = 2048
)

// Claim is what tokens say of people beside what they say of everybody: a name, and an
// expression of which package claims knows what it comes to.
type Claim struct {
	// Name is 1 to 128 bytes (MaxClaimName), and none of ReservedClaims, in whatever case.
	Name string `json:"name"`
	// Expression is 1 to 2048 characters (MaxClaimExpression) of CEL.
	Expression string `json:"expression"`
	// In are where it is said, each once; everywhere when there are none.
	In []ClaimPlace `json:"in,omitempty"`
}

// ClaimPlace is where something is said of people.
type ClaimPlace string

const (
	InIDToken     ClaimPlace = "IDToken"
	InAccessToken ClaimPlace = "AccessToken"
	InUserInfo    ClaimPlace = "UserInfo"
)

// ClaimPlaces are all there are.
func ClaimPlaces() []ClaimPlace { return []ClaimPlace{InIDToken, InAccessToken, InUserInfo} }

// SaidIn reports whether the claim is said in a place.
func (c Claim) SaidIn(place ClaimPlace) bool { return len(c.In) == 0 || slices.Contains(c.In, place) }

// ReservedClaims are the names, in lower case and in order, that mean something to the realm,
// or to whoever verifies its tokens: those of RFC 7519, section 4.1, RFC 9068, section 2.2,
// RFC 7662, section 2.2, RFC 8693, section 4, and OpenID Connect Core 1.0, sections 2 and 5.6,
// as well as what the realm says of everybody. Many programs read JSON without regard to case,
// so that none of them may stand in another case either.
func ReservedClaims() []string {
	return []string{
		"_claim_names", "_claim_sources", "acr", "act", "active", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "client_id", "cnf", "email", "email_verified",
		"events", "exp", "grant_client_id", "grant_id", "groups", "iat", "iss", "jti", "locale", "may_act", "name", "nbf", "nonce", "role", "s_hash", "scope",
		"session_id", "sid", "sub", "sub_id", "sub_jwk", "token_type", "token_use", "username",
	}
}

// IsReservedClaim reports whether a name is one of ReservedClaims, in whatever case.
func IsReservedClaim(name string) bool {
	_, found := slices.BinarySearch(ReservedClaims(), strings.ToLower(name))
	return found
}

// claimNameShape lets a name be a URL, as those are that several parties agree on (RFC 7519,
// section 4.2).
var claimNameShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/~-]*$`)

func validateClaims(p *problems, claims []Claim) {
	p.check(len(claims) <= MaxClaims, "claims: must be %d at most", MaxClaims)
	for i, c := range claims {
		at := fmt.Sprintf("claims[%d]", i)
		p.check(len(c.Name) <= MaxClaimName && claimNameShape.MatchString(c.Name),
			"%s.name: must be 1 to %d letters, digits and _.:/~-, a letter first", at, MaxClaimName)
		p.check(!IsReservedClaim(c.Name), "%s.name: is a claim that has a meaning already", at)
		p.check(!slices.ContainsFunc(claims[:i], func(o Claim) bool { return strings.EqualFold(o.Name, c.Name) }), "%s.name: stands twice, maybe in another case", at)
		p.check(c.Expression != "" && utf8.ValidString(c.Expression) && utf8.RuneCountInString(c.Expression) <= MaxClaimExpression,
			"%s.expression: must be 1 to %d characters", at, MaxClaimExpression)
		for j, place := range c.In {
			oneOf(p, fmt.Sprintf("%s.in[%d]", at, j), place, ClaimPlaces()...)
			p.check(!slices.Contains(c.In[:j], place), "%s.in[%d]: stands twice", at, j)
		}
	}
}
