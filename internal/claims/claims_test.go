// SPDX-License-Identifier: Apache-2.0

package claims_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

var newLanguage = sync.OnceValues(claims.New)

func language(t testing.TB) *claims.Language {
	t.Helper()
	l, err := newLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func compile(t testing.TB, expression string) *claims.Set {
	t.Helper()
	set, err := language(t).Compile([]realmconfig.Claim{{Name: "claim", Expression: expression}})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return set
}

// ann is somebody of whom everything is known.
func ann() claims.Facts {
	return claims.Facts{
		User: claims.User{
			ID: "018f", Email: "ann@Sales.Example.com", EmailVerified: true, Name: "Ann", Locale: "de-CH", Role: "user",
			Created: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
		},
		Groups:     []string{"dev", "tenant-acme", "ops"},
		Identities: []claims.Identity{{Provider: "google", Issuer: "https://accounts.google.com", Subject: "42"}},
		Client:     claims.Client{ID: "apps.grafana", Name: "Grafana"},
	}
}

// said is what the claim comes to about somebody, empty where it is left out, or why it could
// not be said.
func said(set *claims.Set, about claims.Facts) string {
	all, leftOut := set.Evaluate(about)
	if len(leftOut) > 0 {
		return string(leftOut[0].Why)
	}
	return string(all["claim"])
}

func TestExpressionsSayWhatTheyMean(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`user.id`:                               `"018f"`,
		`user.email`:                            `"ann@Sales.Example.com"`,
		`user.email_verified`:                   `true`,
		`user.role == 'user'`:                   `true`,
		`user.email.split('@')[1].lowerAscii()`: `"sales.example.com"`,
		`user.created.getFullYear()`:            `2026`,
		`string(user.created)`:                  `"2026-02-03T04:05:06Z"`,
		`user.created < timestamp('2027-01-01T00:00:00Z') ? 'old' : 'new'`:               `"old"`,
		`'ops' in groups ? 'Admin' : 'Viewer'`:                                           `"Admin"`,
		`groups.map(g, 'realm:' + g)`:                                                    `["realm:dev","realm:tenant-acme","realm:ops"]`,
		`groups.filter(g, g.startsWith('tenant-')).map(g, g.replace('tenant-', ''))[?0]`: `"acme"`,
		`groups.filter(g, g.startsWith('none-'))[?0]`:                                    ``,
		`groups.filter(g, g.startsWith('none-'))[0]`:                                     `failed`,
		`groups.exists(g, g.matches('^tenant-[a-z]+$'))`:                                 `true`,
		`groups.join(' ')`: `"dev tenant-acme ops"`,
		`groups + ['all']`: `["dev","tenant-acme","ops","all"]`,
		`size(groups)`:     `3`,
		`identities.filter(i, i.provider == 'google').map(i, i.subject)[?0]`:                              `"42"`,
		`identities.exists(i, i.issuer.startsWith('https://'))`:                                           `true`,
		`client.id + ' ' + client.name`:                                                                   `"apps.grafana Grafana"`,
		`{'x-hasura-default-role': user.role, 'x-hasura-allowed-roles': groups, 'x-hasura-user-id': 1.5}`: `{"x-hasura-allowed-roles":["dev","tenant-acme","ops"],"x-hasura-default-role":"user","x-hasura-user-id":1.5}`,
		`null`:             ``,
		`optional.none()`:  ``,
		`optional.of('a')`: `"a"`,
		`user.name != '' ? user.name : user.email`: `"Ann"`,
		`has(user.locale)`:                         `true`,
		`[]`:                                       `[]`,
		`{}`:                                       `{}`,
		`[null]`:                                   `[null]`,
		`1 / (size(groups) - 3)`:                   `failed`,
		`double('NaN')`:                            `failed`,
		`9223372036854775807`:                      `9223372036854775807`,
		`'<&>'`:                                    `"\u003c\u0026\u003e"`,
		`user.locale.substring(0, 2)`:              `"de"`,
		`user.email.endsWith('@Sales.Example.com')`: `true`,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			set := compile(t, expression)
			if got := said(set, ann()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if again := said(set, ann()); again != want {
				t.Errorf("the second time, got %s, want %s", again, want)
			}
		})
	}
}

// Anybody may write any address into their account: as long as they have not proved it, no
// expression decides by it.
func TestAnAddressThatNobodyHasProvedIsNotRead(t *testing.T) {
	t.Parallel()
	squatter := ann()
	squatter.User.EmailVerified = false
	for expression, want := range map[string]string{
		`user.email`: `""`,
		`user.email.endsWith('@Sales.Example.com')`: `false`,
		`user.email.split('@')[?1]`:                 ``,
		`user.email_verified`:                       `false`,
		`has(user.email) ? 'employee' : 'guest'`:    `"guest"`,
	} {
		if got := said(compile(t, expression), squatter); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

func TestWhatNobodyKnowsIsEmpty(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`groups`: `[]`, `size(identities)`: `0`, `user.name`: `""`, `client.id`: `""`, `user.email`: `""`,
	} {
		if got := said(compile(t, expression), claims.Facts{}); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

func TestBadExpressionsAreRefused(t *testing.T) {
	t.Parallel()
	for expression, problem := range map[string]string{
		`user.emial`:                             "undefined field 'emial'",
		`usr.email`:                              "undeclared reference to 'usr'",
		"user.\nemail +":                         "line 2",
		`groups.exists(g, g)`:                    "expected type 'bool'",
		`now()`:                                  "undeclared reference to 'now'",
		`user`:                                   "makes a claims.User",
		`identities`:                             "makes a claims.Identity",
		`user.created`:                           "makes a",
		`b'bytes'`:                               "makes a bytes",
		`type(user.id)`:                          "calls type",
		`{1: 'a'}`:                               "keys are no texts",
		`claims.User{email: 'a'}`:                "not for expressions to make",
		`dyn(user.id)`:                           "calls dyn",
		`'%s'.format([groups])`:                  "calls format",
		`user.created.getHours('Europe/Zurich')`: "takes no time zone",
		`'a'.matches(user.name)`:                 "a pattern that stands in the expression",
		`'a'.matches('(')`:                       "a pattern of RE2",
		`'a'.matches('(.{1000}){1000}')`:         "RE2",
		`'a'.matches('(abcdefghij){100}')`:       "too large",
		strings.Repeat(`'a'.matches('[a-z]{20}') || `, 40) + `true`:                                               "too large together",
		`'a'.matches('` + strings.Repeat("a", 257) + `')`:                                                         "at most 256 bytes",
		`'` + strings.Repeat("a", 2048) + `'`:                                                                     "exceeds",
		strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60):                                                   "recursion limit",
		`groups.map(a, groups.map(b, groups.map(c, a + b + c)))`:                                                  "could cost",
		`groups.exists(a, groups.exists(b, groups.exists(c, a == b && b == c)))`:                                  "could cost",
		`[1].map(a, a).map(a, a).map(a, a).map(a, a).map(a, a)`:                                                   "comprehension exceeds nesting limit",
		`groups.all(a, groups.all(b, a + b != b + a))`:                                                            "could cost",
		`groups.exists(a, groups.exists(b, identities.exists(i, i.subject == a + b)))`:                            "could cost",
		strings.Repeat(`groups.exists(a, a.contains('abc') && groups.exists(b, b.contains(a))) || `, 20) + `true`: "could cost",
	} {
		t.Run(problem, func(t *testing.T) {
			t.Parallel()
			set, err := language(t).Compile([]realmconfig.Claim{{Name: "bad", Expression: expression}, {Name: "claim", Expression: "'good'"}})
			if err == nil || !strings.Contains(err.Error(), problem) || !strings.Contains(err.Error(), `claim "bad": `) {
				t.Errorf("%s: got %v, want %q", expression, err, problem)
			}
			if got := said(set, ann()); got != `"good"` {
				t.Errorf("another claim beside it says %s", got)
			}
		})
	}
}

func TestClaimsShareABudget(t *testing.T) {
	t.Parallel()
	list := []realmconfig.Claim{}
	for range realmconfig.MaxClaims {
		list = append(list, realmconfig.Claim{Name: "one", Expression: `groups.map(a, a + a + a).exists(a, a.matches('^abcdefghijklmnopqrstuvwxyz$'))`})
	}
	if _, err := language(t).Compile(list[:1]); err != nil {
		t.Fatalf("one of them is refused: %v", err)
	}
	if _, err := language(t).Compile(list); err == nil || !strings.Contains(err.Error(), "with those before it") {
		t.Errorf("all together: %v", err)
	}
}

func TestClaimsAreSaidWhereTheyBelong(t *testing.T) {
	t.Parallel()
	set, err := language(t).Compile([]realmconfig.Claim{
		{Name: "everywhere", Expression: `user.id`},
		{Name: "id", Expression: `groups`, In: []realmconfig.ClaimPlace{realmconfig.InIDToken}},
		{Name: "others", Expression: `identities.map(i, i.subject)`, In: []realmconfig.ClaimPlace{realmconfig.InUserInfo, realmconfig.InAccessToken}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[realmconfig.ClaimPlace]struct {
		names string
		reads claims.Reads
	}{
		realmconfig.InIDToken:     {"everywhere id", claims.Reads{Groups: true}},
		realmconfig.InAccessToken: {"everywhere others", claims.Reads{Identities: true}},
		realmconfig.InUserInfo:    {"everywhere others", claims.Reads{Identities: true}},
	} {
		all, leftOut := set.In(place).Evaluate(ann())
		if got := set.In(place).Reads(); len(all) != 2 || len(leftOut) > 0 || got != want.reads {
			t.Errorf("in the %s: %v, left out %v, reads %+v", place, all, leftOut, got)
		}
		for name := range strings.FieldsSeq(want.names) {
			if all[name] == nil {
				t.Errorf("in the %s there is no %s", place, name)
			}
		}
	}
	var none *claims.Set
	if all, _ := none.In(realmconfig.InIDToken).Evaluate(ann()); len(all) > 0 || none.Reads() != (claims.Reads{}) {
		t.Errorf("without claims, %v is said", all)
	}
}

func TestWhatIsReadIsKnown(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]claims.Reads{
		`user.id`:                              {},
		`client.name`:                          {},
		`identities.exists(i, i.issuer == '')`: {Identities: true},
		`user.locale`:                          {Profile: true},
		`'x' + user.name`:                      {Profile: true},
		`user.email_verified`:                  {Email: true},
		`has(user.email)`:                      {Email: true},
		`size(groups) > 1 && user.email != ''`: {Groups: true, Email: true},
	} {
		if got := compile(t, expression).Reads(); got != want {
			t.Errorf("%s: reads %+v, want %+v", expression, got, want)
		}
	}
}
