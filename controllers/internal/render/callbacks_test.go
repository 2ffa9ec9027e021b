// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// aged is a provider of an age, by name, after the functions have changed it.
func aged(name string, kind v1alpha1.ProviderType, minutes int, change ...func(*v1alpha1.OAuthProvider)) v1alpha1.OAuthProvider {
	p := v1alpha1.OAuthProvider{
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(noon().Add(time.Duration(minutes) * time.Minute))},
		Spec:       v1alpha1.OAuthProviderSpec{Type: kind},
	}
	if kind == v1alpha1.OIDCProvider {
		p.Spec.Issuer = v1alpha1.EndpointURL("https://" + name + ".example.com")
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func TestCallbacksAreGivenByAge(t *testing.T) {
	t.Parallel()
	const oidc, plain, github = v1alpha1.OIDCProvider, v1alpha1.OAuth2Provider, v1alpha1.GitHubProvider
	own := func(p *v1alpha1.OAuthProvider) { p.Spec.Callback = v1alpha1.PerProviderCallback }
	shared := func(p *v1alpha1.OAuthProvider) { p.Spec.Callback = v1alpha1.SharedCallback }
	named := func(p *v1alpha1.OAuthProvider) { p.Status.NamedIssuer = string(p.Spec.Issuer) }
	going := func(p *v1alpha1.OAuthProvider) { p.DeletionTimestamp = &metav1.Time{Time: noon()} }
	moved := func(p *v1alpha1.OAuthProvider) { p.Status.NamedIssuer = "https://before.example.com" }
	type providers = []v1alpha1.OAuthProvider
	type callbacks = map[string]render.Callback
	isAlone, isNamed, isOwn := render.Callback{}, render.Callback{RequireIssuer: true}, render.Callback{Own: true}
	waits := func(rival string) render.Callback { return render.Callback{Own: true, Rival: rival} }
	below := func(rival string) render.Callback { return render.Callback{Own: true, Rival: rival, Below: true} }
	for name, c := range map[string]struct {
		providers providers
		want      callbacks
	}{
		"the only one":                        {providers{aged("a", plain, 0)}, callbacks{"a": isAlone}},
		"the only one, at its own":            {providers{aged("a", plain, 0, own)}, callbacks{"a": isOwn}},
		"the only one, which names itself":    {providers{aged("a", oidc, 0, named)}, callbacks{"a": isNamed}},
		"the eldest keeps it":                 {providers{aged("a", oidc, 1), aged("b", plain, 0)}, callbacks{"a": waits("b"), "b": isAlone}},
		"of one age, the first by name":       {providers{aged("b", oidc, 0), aged("a", plain, 0)}, callbacks{"a": isAlone, "b": waits("a")}},
		"asking for it changes nothing":       {providers{aged("a", oidc, 0), aged("b", plain, 1, shared)}, callbacks{"a": isAlone, "b": waits("a")}},
		"one that goes makes room":            {providers{aged("a", oidc, 0, going), aged("b", plain, 1)}, callbacks{"b": isAlone}},
		"one at its own makes room":           {providers{aged("a", oidc, 0, own), aged("b", plain, 1)}, callbacks{"a": isOwn, "b": isAlone}},
		"any number that name themselves":     {providers{aged("a", oidc, 0, named), aged("b", plain, 1), aged("c", oidc, 2, named, shared)}, callbacks{"a": isNamed, "b": isAlone, "c": isNamed}},
		"its own although it names itself":    {providers{aged("a", oidc, 0, named, own)}, callbacks{"a": isOwn}},
		"a promise of the issuer of before":   {providers{aged("a", oidc, 0), aged("b", oidc, 1, moved)}, callbacks{"a": isAlone, "b": waits("a")}},
		"GitHub, and then another at its own": {providers{aged("a", github, 0), aged("b", plain, 1, own)}, callbacks{"a": isAlone, "b": below("a")}},
		"another at its own, and then GitHub": {providers{aged("a", github, 1), aged("b", plain, 0, own)}, callbacks{"a": below("b"), "b": isOwn}},
		"GitHub beside one that names itself": {providers{aged("a", github, 0), aged("b", oidc, 1, named)}, callbacks{"a": isAlone, "b": isNamed}},
		"each at its own":                     {providers{aged("a", github, 0, own), aged("b", plain, 1, own)}, callbacks{"a": isOwn, "b": isOwn}},
		"GitHub after one that waits for it":  {providers{aged("a", plain, 0), aged("b", github, 1), aged("c", oidc, 2, own)}, callbacks{"a": isAlone, "b": waits("a"), "c": isOwn}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := render.Callbacks(c.providers); !maps.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			slices.Reverse(c.providers)
			if got := render.Callbacks(c.providers); !maps.Equal(got, c.want) {
				t.Errorf("in another order: got %+v, want %+v", got, c.want)
			}
		})
	}
}

// Whatever providers a realm has, an auth server takes those that need not wait.
func TestAuthServersTakeTheCallbacksThatAreGiven(t *testing.T) {
	t.Parallel()
	kinds := []v1alpha1.ProviderType{v1alpha1.GoogleProvider, v1alpha1.GitHubProvider, v1alpha1.GitLabProvider}
	wishes := []v1alpha1.ProviderCallback{"", v1alpha1.SharedCallback, v1alpha1.PerProviderCallback}
	const each, providers = 3 * 3 * 2, 3
	for n := range each * each * each {
		var list []v1alpha1.OAuthProvider
		for i := range providers {
			list = append(list, aged(string(rune('a'+i)), kinds[n%3], i, func(p *v1alpha1.OAuthProvider) {
				p.Spec.ClientID, p.Spec.Callback = "client", wishes[n/3%3]
				if n/9%2 == 1 {
					p.Status.NamedIssuer = render.ProviderIssuer(p)
				}
			}))
			n /= each
		}
		in, given := inputs(t, cases()["issuer-only"]), render.Callbacks(list)
		for i := range list {
			if c := given[list[i].Name]; c.Rival == "" {
				in.Providers = append(in.Providers, render.Provider{Object: &list[i], Callback: c})
			}
		}
		if err := render.Config(in).Validate(); err != nil || len(in.Providers) == 0 {
			t.Fatalf("%+v: %d of %+v are left, %v", given, len(in.Providers), list, err)
		}
	}
}
