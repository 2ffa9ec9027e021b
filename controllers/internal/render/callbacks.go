// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

// Callback is where a provider sends users back to, and what tells its answers
// there from those of others (RFC 9700, section 4.4).
type Callback struct {
	// Own is set for a callback of the provider's own.
	Own bool
	// RequireIssuer is set when answers must name the issuer (RFC 9207).
	RequireIssuer bool
	// Rival names another provider of the realm, when an answer of one of the two
	// could be taken for the other's and this one has to wait; empty otherwise.
	Rival string
	// Below is set when that is because GitHub answers below the shared callback.
	Below bool
}

// Callbacks says by name which callback each of one realm's providers has.
//
// One alone may have the shared callback without naming itself in its answers:
// the eldest that does not want its own, so that no newcomer takes it away. It
// counts whether or not it can be used, so that none loses it for a while. What
// a provider says of itself concerns itself alone.
func Callbacks(providers []v1alpha1.OAuthProvider) map[string]Callback {
	var unnamed, apart *v1alpha1.OAuthProvider
	callbacks := map[string]Callback{}
	for _, p := range byAge(providers) {
		var c Callback
		switch {
		case p.Spec.Callback == v1alpha1.PerProviderCallback && unnamed != nil && answersBelow(unnamed):
			c = Callback{Own: true, Rival: unnamed.Name, Below: true}
		case p.Spec.Callback == v1alpha1.PerProviderCallback:
			c, apart = Callback{Own: true}, cmp.Or(apart, p)
		case namesIssuer(p):
			c = Callback{RequireIssuer: true}
		case unnamed != nil:
			c = Callback{Own: true, Rival: unnamed.Name}
		case apart != nil && answersBelow(p):
			c = Callback{Own: true, Rival: apart.Name, Below: true}
		default:
			unnamed = p
		}
		callbacks[p.Name] = c
	}
	return callbacks
}

// byAge are the providers that stay, the eldest first.
func byAge(providers []v1alpha1.OAuthProvider) []*v1alpha1.OAuthProvider {
	var list []*v1alpha1.OAuthProvider
	for i := range providers {
		if providers[i].DeletionTimestamp == nil {
			list = append(list, &providers[i])
		}
	}
	slices.SortFunc(list, func(a, b *v1alpha1.OAuthProvider) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// namesIssuer reports whether the issuer of the spec has promised to name itself.
func namesIssuer(p *v1alpha1.OAuthProvider) bool {
	return p.Status.NamedIssuer != "" && p.Status.NamedIssuer == ProviderIssuer(p)
}

func answersBelow(p *v1alpha1.OAuthProvider) bool {
	return ProviderSettings(p, Callback{}).AnswersBelow()
}

// ProviderIssuer is the issuer of a provider's spec; empty for one without discovery.
func ProviderIssuer(p *v1alpha1.OAuthProvider) string {
	return discovery.Issuer(ProviderSettings(p, Callback{}))
}

// CallbackURL is where a provider sends users back to. It is entered there.
func CallbackURL(realm *v1alpha1.AuthRealm, provider string, c Callback) string {
	shared := realm.Spec.Issuer + "/api/auth/oauth/callback"
	if c.Own {
		return shared + "/" + provider
	}
	return shared
}
