// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func TestSettingsHoldAddressesThatMailServersTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, domain, problem string
	}{
		"addresses":               {"Bücher <login@xn--bcher-kva.example>", "example.com", ""},
		"letters that fold":       {"adm\u0130n@example.com", "example.com", "email.from: must have only ASCII letters before the @"},
		"an A-label that is none": {"login@xn--a.example", "example.com", "email.from: must have a domain such as example.com after the @"},
		"a domain that is none":   {"login@example.com", "xn--a.example", "providers[0].allowedEmailDomains: must have a domain such as example.com after the @"},
	} {
		realm := &v1alpha1.AuthRealm{Spec: v1alpha1.AuthRealmSpec{
			Issuer: "https://auth.example.com",
			Email:  &v1alpha1.Email{From: c.from, SMTP: v1alpha1.SMTP{Host: "smtp.example.com"}},
		}}
		realm.Name = "staff"
		provider := &v1alpha1.OAuthProvider{Spec: v1alpha1.OAuthProviderSpec{
			Type: v1alpha1.GoogleProvider, ClientID: "x", AllowedEmailDomains: []string{c.domain},
		}}
		provider.Name = "google"
		err := render.Problem(render.Config(render.Inputs{Realm: realm, Providers: []render.Provider{{Object: provider}}}))
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %s", name, err, c.problem)
		}
		if problem := render.ProviderProblem(provider); (problem != nil) != strings.HasPrefix(c.problem, "providers") {
			t.Errorf("%s: the provider's problem is %v", name, problem)
		}
	}
}

func TestFirstAdminHasAnAddress(t *testing.T) {
	t.Parallel()
	for issuer, email := range map[string]string{
		"https://auth.example.com":   "admin@auth.example.com",
		"https://localhost:8443":     "admin@localhost",
		"https://192.0.2.7":          "admin@localhost",
		"https://[2001:db8::1]:8443": "admin@localhost",
	} {
		if got := render.AdminEmail(&v1alpha1.AuthRealm{Spec: v1alpha1.AuthRealmSpec{Issuer: issuer}}); got != email {
			t.Errorf("%s: %s, want %s", issuer, got, email)
		}
	}
}
