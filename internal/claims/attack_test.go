// SPDX-License-Identifier: Apache-2.0

package claims_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// crowded is somebody in as many groups as a hostile provider could put them into.
func crowded() claims.Facts {
	about := ann()
	for i := range 5000 {
		about.Groups = append(about.Groups, fmt.Sprintf("group-%d-%s", i, strings.Repeat("x", 100)))
	}
	return about
}

// Each of these ends, with nothing, and before it has taken more than there is: a test that
// hangs, or is killed, has failed. The estimate lets them through, or refuses them.
func TestHostileExpressionsEnd(t *testing.T) {
	t.Parallel()
	chain := func(n int, step string) string { return strings.Repeat(step, n) }
	wide := func(list string) string {
		return list + chain(4, `.map(a, [`+strings.TrimSuffix(chain(60, "a,"), ",")+`])`)
	}
	for name, expression := range map[string]string{
		"a list that holds itself twice, and is compared":      `[[1]]` + chain(60, `.map(a, [a, a])`) + ` == [[2]]` + chain(10, `.map(a, [a, a])`),
		"a list that holds itself twice, and is said":          `[[1]]` + chain(60, `.map(a, [a, a])`),
		"a map that holds itself twice":                        `[{'a': null}]` + chain(50, `.map(a, {'a': a, 'b': a})`),
		"a list that holds itself twice, as optional":          `[optional.of([1])]` + chain(40, `.map(a, optional.of([a, a]))`) + `.size() == 3`,
		"a list that holds itself many times, and is compared": wide(`[[1]]`) + ` == ` + wide(`[[2]]`),
		"a list that holds itself many times, and is searched": `[1] in ` + wide(`[[1]]`),
		"a list that holds itself many times, and is said":     wide(`[[1]]`),
		"a list that holds itself many times, in a map":        `{'a': ` + wide(`[[1]]`) + `}`,
		"a map that holds itself many times":                   `{'b': [{'a': null}]` + chain(4, `.map(a, {'a': a, 'b': a, 'c': a, 'd': a, 'e': a, 'f': a, 'g': a, 'h': a, 'i': a, 'j': a, 'k': a, 'l': a, 'm': a, 'n': a})`) + `}`,
		"a list that is doubled four times, and again in each": `[[1,2,3,4,5,6,7,8,9,10]]` + chain(4, `.map(a, `+strings.TrimSuffix(chain(100, `a+`), "+")+`)`),
		"a text that is doubled four times, and again in each": `['0123456789']` + chain(4, `.map(a, `+strings.TrimSuffix(chain(100, `a+`), "+")+`)`),
		"a text that is replaced by itself":                    `['0123456789']` + chain(2, `.map(a, `+strings.TrimSuffix(chain(20, `a+`), "+")+`)`) + `.map(a, a.replace('', a).replace('', a))`,
		"a list that is doubled":                               `[[1]]` + chain(60, `.map(a, a + a)`),
		"a list that is doubled, and searched":                 `1 in [[1]]` + chain(60, `.map(a, a + a)`) + `[0]`,
		"a text that is doubled":                               `['ab']` + chain(60, `.map(a, a + a)`),
		"a text that is replaced by more":                      `'a'` + chain(20, `.replace('a', 'aaaaaaaaaaaaaaaaaaaa')`),
		"a text between all letters of another":                `['ab']` + chain(11, `.map(a, a + a)`) + `.map(a, a.replace('', a))`,
		"many texts that are joined":                           `groups.map(g, g + g + g + g).join('-').join('-')`,
		"all groups with all groups":                           `groups.map(a, groups.filter(b, a == b))`,
		"a pattern over long texts":                            `groups.all(g, g.matches('^(group|tenant|dev|ops)?[-a-z0-9]*x*y?$'))`,
		"all groups, as a claim":                               `groups`,
		"all groups, in a map":                                 `{'groups': groups}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := language(t).Compile([]realmconfig.Claim{{Name: "claim", Expression: expression}})
			if err != nil {
				t.Logf("refused: %v", err)
				return
			}
			for who, about := range map[string]claims.Facts{"somebody in many groups": crowded(), "somebody": ann()} {
				all, leftOut := set.Evaluate(about)
				t.Logf("of %s: %d bytes, left out %v", who, len(all["claim"]), leftOut)
				if len(all["claim"]) > 2048 {
					t.Errorf("of %s, it says %d bytes", who, len(all["claim"]))
				}
			}
		})
	}
}

func TestBoundsHoldWhateverSomebodyIsCalled(t *testing.T) {
	t.Parallel()
	about := crowded()
	about.User.Name = strings.Repeat("(a+)+$", 10)
	for expression, want := range map[string]claims.Reason{
		`groups`:                           claims.TooLarge,
		`groups.map(g, {'name': g})`:       claims.TooCostly,
		`groups.exists_one(g, g == 'ops')`: "",
		`'x'.replace('x', user.name)`:      "",
	} {
		_, leftOut := compile(t, expression).Evaluate(about)
		got := claims.Reason("")
		if len(leftOut) > 0 {
			got = leftOut[0].Why
		}
		if got != want {
			t.Errorf("%s: left out because of %q, want %q: %v", expression, got, want, leftOut)
		}
	}
}

// What does not fit is left out, and those after it that do fit are not.
func TestAllClaimsTogetherFitIntoAToken(t *testing.T) {
	t.Parallel()
	list := []realmconfig.Claim{}
	for i := range 4 {
		list = append(list, realmconfig.Claim{Name: fmt.Sprintf("long%d", i), Expression: fmt.Sprintf("'%s'", strings.Repeat("a", 1800))})
	}
	set, err := language(t).Compile(append(list, realmconfig.Claim{Name: "short", Expression: "1"}))
	if err != nil {
		t.Fatal(err)
	}
	all, leftOut := set.Evaluate(ann())
	if len(all) != 3 || string(all["short"]) != "1" || len(leftOut) != 2 || leftOut[0].Why != claims.TooLarge {
		t.Errorf("%d are said, and left out are %v", len(all), leftOut)
	}
}

// FuzzCompile wants every expression to be refused or to end, whatever it is, and to say
// the same of the same person every time.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`user.email.split('@')[1]`, `groups.map(g, 'a:' + g)`, `{'a': [1, 2.5, null, true]}`, `groups.filter(g, g.matches('^a'))[?0].orValue('b')`,
		`identities.exists_one(i, i.provider == 'google')`, `optional.of(user.name)`, `[[1]].map(a, [a, a]).map(a, [a, a])`, `'\u0000'`, `user.created.getHours()`,
		`groups.all(x, x in groups) ? 1u : 2u`, `[1].map(x, x).map(y, y)`, `((((1))))`, `user.?name.orValue('')`, `'a'.replace('', 'b')`, "`a`", `a.b.c{}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		set, err := language(t).Compile([]realmconfig.Claim{{Name: "claim", Expression: expression}})
		if err != nil {
			return
		}
		first, second := said(set, ann()), said(set, ann())
		if first != second {
			t.Errorf("%q says %s, and then %s", expression, first, second)
		}
		said(set, claims.Facts{})
	})
}
