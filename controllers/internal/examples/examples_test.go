// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
)

func client(t *testing.T, spec string) *v1alpha1.OAuthClient {
	t.Helper()
	c := &v1alpha1.OAuthClient{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1", Generation: 1}}
	if err := yaml.UnmarshalStrict([]byte(spec), &c.Spec); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExamplesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spec, reason, says string }{
		"nothing": {},
		"everything of somebody": {spec: `
claims:
- {name: all, expression: "[user.id, user.email, user.name, user.locale, user.role, string(user.created), groups.join(','), identities.map(i, i.provider + i.issuer + i.subject).join(','), client.id, client.name]"}
examples:
- given:
    user: {id: '1', email: ann@a.example, name: Ann, locale: de, role: admin, created: '2026-01-02T03:04:05Z'}
    groups: [a, b]
    identities: [{provider: p, issuer: i, subject: s}]
    client: {id: x.y, name: Yard}
  then: {all: ['1', ann@a.example, Ann, de, admin, '2026-01-02T03:04:05Z', 'a,b', pis, x.y, Yard]}`},
		"nobody in particular, at the client itself": {spec: `
displayName: Shop
claims: [{name: all, expression: "[user.id, user.email, user.role, string(user.created), client.id, client.name]"}]
examples: [{then: {all: ['', '', user, '1970-01-01T00:00:00Z', shop.web, Shop]}}]`},
		"a squatter": {spec: `
claims: [{name: proved, expression: "user.email_verified"}, {name: domain, expression: "user.email.split('@')[?1]"}]
examples: [{given: {user: {email: a@b.example, email_verified: false}}, then: {proved: false}, absent: [domain]}, {given: {user: {email: a@b.example}}, then: {proved: true, domain: b.example}}]`},
		"one that does not hold": {
			"claims: [{name: a, expression: '1'}]\nexamples: [{then: {a: 1}}, {name: Bob, then: {a: 2}}, {then: {a: x}}]",
			v1alpha1.ReasonExampleFailed, `example "Bob": a is 1, want 2; examples[2]: a is 1, want "x"`,
		},
		"one that must not be said, and is": {
			"claims: [{name: a, expression: '1'}]\nexamples: [{absent: [a]}]", v1alpha1.ReasonExampleFailed, `examples[0]: a is 1, want left out`,
		},
		"a null, which is lost when the object is applied again": {
			"claims: [{name: a, expression: 'null'}]\nexamples: [{then: {a: null}}]", v1alpha1.ReasonExampleFailed, `examples[0].then: a is null, which kubectl drops; write absent: [a]`,
		},
		"a null that was lost": {
			"claims: [{name: a, expression: '1'}]\nexamples: [{then: {}}]", v1alpha1.ReasonExampleFailed, `examples[0].then: names no claim`,
		},
		"said and not": {
			"claims: [{name: a, expression: '1'}]\nexamples: [{then: {a: 1}, absent: [a]}]", v1alpha1.ReasonExampleFailed, `examples[0].absent: a stands in then, too`,
		},
		"an unknown one that must not be said": {
			"claims: [{name: a, expression: '1'}]\nexamples: [{absent: [b]}]", v1alpha1.ReasonExampleFailed, `examples[0]: b is none of the claims`,
		},
		"what is no CEL": {"claims: [{name: a, expression: '1 +'}]", v1alpha1.ReasonInvalidExpression, `claim "a": line 1, column `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prover := &examples.Prover{}
			object := client(t, c.spec)
			for range 2 { // the second time, it is remembered
				failure := prover.Client(object)
				switch {
				case c.reason == "" && failure != nil:
					t.Errorf("refused: %+v", failure)
				case c.reason != "" && (failure == nil || failure.Reason != c.reason || !strings.Contains(failure.Message, c.says)):
					t.Errorf("got %+v, want %s: %s", failure, c.reason, c.says)
				}
			}
			realm := &v1alpha1.AuthRealm{Spec: v1alpha1.AuthRealmSpec{Claims: object.Spec.Claims}}
			if failure := prover.Realm(realm); (failure != nil) != (c.reason == v1alpha1.ReasonInvalidExpression) {
				t.Errorf("as a realm's, without examples: %+v", failure)
			}
		})
	}
}

func TestAnotherSpecIsProvedAgain(t *testing.T) {
	t.Parallel()
	prover := &examples.Prover{}
	c := client(t, "claims: [{name: a, expression: '1'}]\nexamples: [{then: {a: 2}}]")
	if prover.Client(c) == nil {
		t.Fatal("it is not refused")
	}
	c.Spec.Claims[0].Expression, c.Generation = "2", 2
	if failure := prover.Client(c); failure != nil {
		t.Errorf("the next generation is refused: %+v", failure)
	}
}
