// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// Claims are those of a spec, as the auth server is told of them.
func Claims(all []v1alpha1.Claim) []realmconfig.Claim {
	var told []realmconfig.Claim
	for _, c := range all {
		claim := realmconfig.Claim{Name: c.Name, Expression: c.Expression}
		for _, place := range c.In {
			claim.In = append(claim.In, realmconfig.ClaimPlace(place))
		}
		told = append(told, claim)
	}
	return told
}

// ClaimExamples are those of a spec, for a client unless they name another. The error says
// that what one has for a claim is not JSON.
func ClaimExamples(all []v1alpha1.ClaimExample, asks claims.Client) ([]claims.Example, error) {
	var examples []claims.Example
	for i, e := range all {
		then := map[string]any{}
		if err := json.Unmarshal(e.Then.Raw, &then); err != nil {
			return nil, fmt.Errorf("examples[%d].then: must be an object with the claims by their names", i)
		}
		examples = append(examples, claims.Example{Name: e.Name, Given: facts(valueOr(e.Given, v1alpha1.ClaimsGiven{}), asks), Then: then})
	}
	return examples, nil
}

func facts(given v1alpha1.ClaimsGiven, asks claims.Client) claims.Facts {
	u := valueOr(given.User, v1alpha1.GivenUser{})
	known := claims.Facts{
		User: claims.User{
			ID: u.ID, Email: u.Email, EmailVerified: u.Email != "" && valueOr(u.EmailVerified, true),
			Name: u.Name, Locale: u.Locale, Role: u.Role, Created: time.Unix(0, 0).UTC(),
		},
		Groups: given.Groups, Client: asks,
	}
	if u.Role == "" {
		known.User.Role = ordinaryRole
	}
	if u.Created != nil {
		known.User.Created = u.Created.UTC()
	}
	for _, i := range given.Identities {
		known.Identities = append(known.Identities, claims.Identity(i))
	}
	if given.Client != nil {
		known.Client = claims.Client(*given.Client)
	}
	return known
}

// ordinaryRole is that of whoever has no other.
const ordinaryRole = "user"
