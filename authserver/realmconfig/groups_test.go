// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestNamesOfGroups(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]string{
		"ops":                    "",
		"Platform Admins (EU)":   "",
		"/corp/büro":             "",
		"corp:system:masters":    "",
		"System:masters":         "",
		strings.Repeat("a", 128): "",
		"":                       "must not be empty",
		strings.Repeat("a", 129): "must be at most 128 bytes",
		strings.Repeat("ü", 65):  "must be at most 128 bytes",
		" ops":                   "must not begin or end with a space",
		"ops ":                   "must not begin or end with a space",
		"ops,admins":             "must have no comma",
		"ops\nadmins":            "must hold letters",
		"ops\u202eadmins":        "must hold letters",
		"ops\u00a0admins":        "must hold letters",
		"ops\xff":                "must hold letters",
		"system:masters":         "must not begin with system:",
	} {
		err := realmconfig.CheckGroupName(name)
		if refused == "" && err != nil || refused != "" && (err == nil || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%q: %v, want %q", name, err, refused)
		}
	}
}

func TestMappingsValidate(t *testing.T) {
	t.Parallel()
	many := []string{}
	for i := range realmconfig.MaxMappedGroups + 1 {
		many = append(many, fmt.Sprint("group-", i))
	}
	for name, c := range map[string]struct {
		mapping realmconfig.GroupMapping
		problem string
	}{
		"groups":            {realmconfig.GroupMapping{Allow: []string{"ops"}}, ""},
		"a prefix":          {realmconfig.GroupMapping{Allow: []string{"system:x"}, Prefix: "corp:"}, ""},
		"as many as can be": {realmconfig.GroupMapping{Allow: many[1:]}, ""},
		"too many":          {realmconfig.GroupMapping{Allow: many}, "groups.allow: must be 1 to 100"},
		"none":              {realmconfig.GroupMapping{}, "groups.allow: must be 1 to 100"},
		"one twice":         {realmconfig.GroupMapping{Allow: []string{"a", "a"}}, "groups.allow[1]: must not be empty, and stand there once"},
		"one of no name":    {realmconfig.GroupMapping{Allow: []string{""}, Prefix: "corp:"}, "groups.allow[0]: must not be empty"},
		"Kubernetes' own":   {realmconfig.GroupMapping{Allow: []string{"tem:masters"}, Prefix: "sys"}, "groups.allow[0]: with the prefix, it must not begin with system:"},
		"a long claim":      {realmconfig.GroupMapping{Claim: strings.Repeat("c", 513), Allow: []string{"a"}}, "groups.claim: must be at most 512 bytes"},
	} {
		config := goodConfig()
		config.Providers = []realmconfig.Provider{provider("a", realmconfig.OIDC, func(p *realmconfig.Provider) { p.Groups = &c.mapping })}
		err := config.Validate()
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: got %v, want %q", name, err, c.problem)
		}
	}
}

func TestWhoSpeaksForAProvider(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]realmconfig.Provider{
		"https://id.example.com":     provider("a", realmconfig.OIDC),
		"https://sso.example.com/me": provider("a", realmconfig.OAuth2),
		"Google":                     provider("a", realmconfig.Google),
	} {
		if got := p.Authority(); got != want {
			t.Errorf("%s: %s, want %s", p.Type, got, want)
		}
	}
}
