// SPDX-License-Identifier: Apache-2.0

package group

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func claimOf(t testing.TB, document string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var claim any
	if err := decoder.Decode(&claim); err != nil {
		t.Fatal(err)
	}
	return claim
}

func TestClaimsOfGroups(t *testing.T) {
	t.Parallel()
	plain := realmconfig.GroupMapping{Allow: []string{"ops", "Dev"}}
	prefixed := realmconfig.GroupMapping{Allow: []string{"ops"}, Prefix: "corp:"}
	for name, c := range map[string]struct {
		mapping   realmconfig.GroupMapping
		claim     string
		want      string
		malformed bool
	}{
		"groups, sorted":                   {mapping: plain, claim: `["ops", "Dev"]`, want: "Dev ops"},
		"one that is not allowed":          {mapping: plain, claim: `["admin", "ops"]`, want: "ops"},
		"one in other letters":             {mapping: plain, claim: `["OPS", "dev", " ops", "ops "]`},
		"one twice":                        {mapping: plain, claim: `["ops", "ops"]`, want: "ops"},
		"a prefix":                         {mapping: prefixed, claim: `["ops"]`, want: "corp:ops"},
		"a group with the prefix already":  {mapping: prefixed, claim: `["corp:ops"]`},
		"none":                             {mapping: plain, claim: `[]`},
		"nothing":                          {mapping: plain, claim: `null`},
		"a text":                           {mapping: plain, claim: `"ops"`, malformed: true},
		"texts in one":                     {mapping: plain, claim: `"ops,Dev"`, malformed: true},
		"an object":                        {mapping: plain, claim: `{"ops": true}`, malformed: true},
		"a number":                         {mapping: plain, claim: `1`, malformed: true},
		"lists in a list":                  {mapping: plain, claim: `[["ops"]]`, malformed: true},
		"objects in a list":                {mapping: plain, claim: `["ops", {"name": "Dev"}]`, malformed: true},
		"nothing in a list":                {mapping: plain, claim: `["ops", null]`, malformed: true},
		"a megabyte of one name":           {mapping: plain, claim: `["` + strings.Repeat("a", 1<<20) + `", "ops"]`, want: "ops"},
		"a megabyte of names":              {mapping: plain, claim: `["ops"` + strings.Repeat(`,"o"`, 1<<18) + `]`, want: "ops"},
		"brackets as deep as can be":       {mapping: plain, claim: strings.Repeat("[", 5000) + strings.Repeat("]", 5000), malformed: true},
		"a name with what is no character": {mapping: plain, claim: `["ops\ud800", "ops\u0000"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, err := mappedNames(c.mapping, claimOf(t, c.claim))
			if got := strings.Join(names, " "); got != c.want || errors.Is(err, errMalformed) != c.malformed {
				t.Errorf("is %q, %v; want %q, malformed: %t", got, err, c.want, c.malformed)
			}
		})
	}
}

func TestWhatAnEventSaysOfGroupsIsBounded(t *testing.T) {
	t.Parallel()
	if got := detailOf("okta", nil); got != "okta" {
		t.Errorf("of none: %q", got)
	}
	if got := detailOf("okta", []string{"dev", "ops"}); got != "okta: dev, ops" {
		t.Errorf("of two: %q", got)
	}
	many := []string{}
	for i := range realmconfig.MaxMappedGroups {
		many = append(many, fmt.Sprintf("%0128d", i))
	}
	if got := detailOf("okta", many); len(got) > maxDetail+len(" …") || !strings.HasSuffix(got, "…") {
		t.Errorf("of many: %d bytes", len(got))
	}
}

func FuzzClaimOfGroups(f *testing.F) {
	for _, seed := range []string{`["ops"]`, `"ops"`, `null`, `[["ops"]]`, `[1e3, "ops"]`, `{"groups": []}`, `["\ud800"]`} {
		f.Add([]byte(seed), "ops", "corp:")
	}
	f.Fuzz(func(t *testing.T, document []byte, allowed, prefix string) {
		var claim any
		if json.Unmarshal(document, &claim) != nil {
			return
		}
		m := realmconfig.GroupMapping{Allow: []string{allowed}, Prefix: prefix}
		names, err := mappedNames(m, claim)
		if err != nil && len(names) > 0 || len(names) > len(m.Allow) || !slices.IsSorted(names) {
			t.Errorf("%s yields %q, %v", document, names, err)
		}
		for _, name := range names {
			if name != prefix+allowed {
				t.Errorf("%s yields %q", document, name)
			}
		}
	})
}
