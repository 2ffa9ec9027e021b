// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// kindsWithClaims are the least specs of kinds that have them.
func kindsWithClaims() map[string]string {
	return map[string]string{"AuthRealm": issuer, "OAuthClient": web}
}

func TestClaimsThatAreAcceptedAndRefused(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		all := []string{}
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	const one = "claims: [{name: tenant, expression: user.email}]\n"
	for name, c := range map[string]struct{ spec, says string }{
		"a claim":                       {one, ""},
		"one that several have":         {"claims: [{name: 'https://hasura.io/jwt/claims', expression: '{}'}]", ""},
		"the longest name":              {"claims: [{name: a" + strings.Repeat("b", 127) + ", expression: '1'}]", ""},
		"a longer name":                 {"claims: [{name: a" + strings.Repeat("b", 128) + ", expression: '1'}]", "128"},
		"in one place":                  {"claims: [{name: a, expression: '1', in: [UserInfo]}]", ""},
		"in every place":                {"claims: [{name: a, expression: '1', in: [IDToken, AccessToken, UserInfo]}]", ""},
		"in no place":                   {"claims: [{name: a, expression: '1', in: []}]", "should have at least 1 items"},
		"in another place":              {"claims: [{name: a, expression: '1', in: [Header]}]", "Unsupported value"},
		"twice in a place":              {"claims: [{name: a, expression: '1', in: [UserInfo, UserInfo]}]", "Duplicate value"},
		"no expression":                 {"claims: [{name: a}]", "expression"},
		"the longest expression":        {"claims: [{name: a, expression: " + strings.Repeat("a", 2048) + "}]", ""},
		"a longer expression":           {"claims: [{name: a, expression: " + strings.Repeat("a", 2049) + "}]", "2048"},
		"a name with a space":           {"claims: [{name: a b, expression: '1'}]", "name must be letters, digits and _.:/~-, a letter first"},
		"a name that begins with a _":   {"claims: [{name: _a, expression: '1'}]", "name must be letters, digits"},
		"a letter like another":         {"claims: [{name: ſub, expression: '1'}]", "name must be letters, digits"},
		"reserved, in another case":     {"claims: [{name: EMAIL_verified, expression: 'true'}]", "name must not be that of a claim that has a meaning already"},
		"twice":                         {"claims: [{name: a, expression: '1'}, {name: a, expression: '2'}]", "Duplicate value"},
		"twice, in another case":        {"claims: [{name: tenant, expression: '1'}, {name: Tenant, expression: '2'}]", "differ in more than capitals"},
		"as many as there may be":       {"claims: " + many(16, "{name: c%d, expression: '1'}"), ""},
		"more":                          {"claims: " + many(17, "{name: c%d, expression: '1'}"), "must have at most 16 items"},
		"what is no CEL":                {"claims: [{name: a, expression: 'user.'}]", ""}, // which the operator says
		"an example":                    {one + "examples: [{name: Ann, given: {user: {id: '1', email: ann@a.example, email_verified: false, name: Ann, locale: de, role: admin, created: '2026-01-01T00:00:00Z'}, groups: [ops], identities: [{provider: corp, issuer: 'https://a.example', subject: '1'}], client: {id: a.b, name: B}}, then: {other: {a: [1, 2.5, true, null]}}, absent: [tenant]}]", ""},
		"an example of nobody":          {one + "examples: [{given: {}, then: {tenant: ''}}]", ""},
		"an example of what is not":     {one + "examples: [{absent: [tenant]}]", ""},
		"an example without an end":     {one + "examples: [{given: {}}]", "an example says what must be said by then"},
		"what is not, twice":            {one + "examples: [{absent: [tenant, tenant]}]", "Duplicate value"},
		"an end that is no object":      {one + "examples: [{then: [tenant]}]", "then"},
		"somebody with what nobody has": {one + "examples: [{given: {user: {mail: a}}, then: {}}]", "mail"},
		"examples of nothing":           {"examples: [{then: {a: 1}}]", "examples are of claims"},
		"as many examples":              {one + "examples: " + many(32, "{name: e%d, then: {tenant: a}}"), ""},
		"more examples":                 {one + "examples: " + many(33, "{name: e%d, then: {tenant: a}}"), "must have at most 32 items"},
	} {
		for kind, least := range kindsWithClaims() {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				wantRefusal(t, submit(t, kind, "app", with(least, c.spec)), c.says)
			})
		}
	}
}

// What must not be said survives a patch that merges, which is what kubectl sends; a null does
// not, and so none is taken.
func TestWhatMustNotBeSaidSurvivesAPatch(t *testing.T) {
	t.Parallel()
	for kind, least := range kindsWithClaims() {
		o := object(t, kind, metav1.NamespaceDefault, "absent", with(least, "claims: [{name: tenant, expression: user.email}]"))
		c := plane.Client(t)
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		err := c.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"spec": {"examples": [{"then": {"tenant": null}, "absent": ["tenant"]}]}}`)))
		if err != nil {
			t.Fatal(err)
		}
		examples, _, _ := unstructured.NestedSlice(o.Object, "spec", "examples")
		if got := fmt.Sprint(examples); got != "[map[absent:[tenant] then:map[]]]" {
			t.Errorf("%s has %s", kind, got)
		}
	}
}

// The kind and the auth server refuse the same names.
func TestKindsRefuseEveryReservedClaim(t *testing.T) {
	t.Parallel()
	for _, name := range append(realmconfig.ReservedClaims(), "Sub", "GROUPS") {
		if strings.HasPrefix(name, "_") { // which no name may begin with
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := submit(t, "OAuthClient", "app", with(web, fmt.Sprintf("claims: [{name: %q, expression: '1'}]", name)))
			wantRefusal(t, err, "has a meaning already")
		})
	}
}
