// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhomARequirementConcerns(t *testing.T) {
	t.Parallel()
	factors := func(who realmconfig.RequiredOf, groups ...string) *realmconfig.RequiredFactors {
		return &realmconfig.RequiredFactors{Who: who, Groups: groups}
	}
	for name, c := range map[string]struct {
		required *realmconfig.RequiredFactors
		admin    bool
		groups   []string
		want     bool
	}{
		"nothing is required of an admin":        {nil, true, []string{"staff"}, false},
		"nobody":                                 {factors(realmconfig.RequiredOfNone), true, []string{"staff"}, false},
		"admins, an admin":                       {factors(realmconfig.RequiredOfAdmins), true, nil, true},
		"admins, somebody else":                  {factors(realmconfig.RequiredOfAdmins), false, []string{"staff"}, false},
		"everybody":                              {factors(realmconfig.RequiredOfEverybody), false, nil, true},
		"groups, a member of one":                {factors(realmconfig.RequiredOfGroups, "staff", "ops"), false, []string{"sales", "ops"}, true},
		"groups, a member of others":             {factors(realmconfig.RequiredOfGroups, "staff", "ops"), false, []string{"Staff", "op"}, false},
		"groups, an admin in none":               {factors(realmconfig.RequiredOfGroups, "staff"), true, nil, false},
		"a word that a later release knows":      {factors("Contractors"), true, []string{"staff"}, false},
		"groups of a requirement that is Admins": {factors(realmconfig.RequiredOfAdmins, "staff"), false, []string{"staff"}, false},
	} {
		if got := c.required.Concerns(c.admin, c.groups); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

func TestRequirementsThatNoServerTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*realmconfig.RequiredFactors)
		refused string
	}{
		"as it is by default":       {func(*realmconfig.RequiredFactors) {}, ""},
		"nobody said who":           {func(r *realmconfig.RequiredFactors) { r.Who = "" }, "twoFactor.required.who: must be None, Admins, Groups or Everybody"},
		"groups that are not named": {func(r *realmconfig.RequiredFactors) { r.Who = realmconfig.RequiredOfGroups }, "twoFactor.required.groups: must be named with who Groups"},
		"groups of admins":          {func(r *realmconfig.RequiredFactors) { r.Groups = []string{"staff"} }, "twoFactor.required.groups: must be named with who Groups, and not without"},
		"a group that is none": {func(r *realmconfig.RequiredFactors) {
			r.Who, r.Groups = realmconfig.RequiredOfGroups, []string{"staff", "system:masters"}
		}, "twoFactor.required.groups[1]: must be the name of a group"},
		"a group twice": {func(r *realmconfig.RequiredFactors) {
			r.Who, r.Groups = realmconfig.RequiredOfGroups, []string{"staff", "staff"}
		}, "twoFactor.required.groups[1]: stands twice"},
		"no enforcement": {func(r *realmconfig.RequiredFactors) { r.Enforcement = "" }, "twoFactor.required.enforcement: must be Observe, Warn or Enforce"},
	} {
		config, factors := goodConfig(), realmconfig.DefaultRequiredFactors()
		factors.Who = realmconfig.RequiredOfAdmins
		c.change(&factors)
		config.TwoFactor.Required = &factors
		err := config.Validate()
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server of the release before, which decodes strictly, takes a document without them.
func TestARealmWithoutRequirementsSaysNothingOfThem(t *testing.T) {
	t.Parallel()
	document, err := realmconfig.Encode(goodConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"required"`, `"existing"`} {
		if strings.Contains(string(document), field) {
			t.Errorf("the document has %s:\n%s", field, document)
		}
	}
}
