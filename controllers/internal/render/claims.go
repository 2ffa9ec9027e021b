// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
// that what one wants of claims is no such document.
func ClaimExamples(all []v1alpha1.ClaimExample, asks claims.Client) ([]claims.Example, error) {
	var examples []claims.Example
	for i, e := range all {
		then, err := wanted(e)
		if err != nil {
			return nil, fmt.Errorf("examples[%d].%w", i, err)
		}
		examples = append(examples, claims.Example{Name: e.Name, Given: facts(valueOr(e.Given, v1alpha1.ClaimsGiven{}), asks), Then: then})
	}
	return examples, nil
}

// wanted has the value of each claim that an example names, nil for one that must not be
// said. A patch that merges (RFC 7396) drops a null wherever it stands, also within a list,
// and kubectl makes such patches: so nobody may say it by null.
func wanted(e v1alpha1.ClaimExample) (map[string]any, error) {
	then := map[string]any{}
	if len(e.Then.Raw) > 0 && json.Unmarshal(e.Then.Raw, &then) != nil {
		return nil, errors.New("then: must be an object with the claims by their names")
	}
	for _, name := range slices.Sorted(maps.Keys(then)) {
		if then[name] == nil {
			return nil, fmt.Errorf("then: %s is null, which kubectl drops; write absent: [%s]", name, name)
		}
	}
	for _, name := range e.Absent {
		if _, said := then[name]; said {
			return nil, fmt.Errorf("absent: %s stands in then, too", name)
		}
		then[name] = nil
	}
	if len(then) == 0 {
		return nil, errors.New("then: names no claim, and neither does absent; null is dropped by kubectl")
	}
	return then, nil
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
