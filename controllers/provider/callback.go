// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// settle finds out which callback the provider has beside its neighbours, by what
// is known of it so far.
func (v *providerView) settle(provider *v1alpha1.OAuthProvider) {
	itself := provider.DeepCopy()
	itself.Status.NamedIssuer = v.namedIssuer(provider)
	others := slices.DeleteFunc(slices.Clone(v.neighbours), func(p v1alpha1.OAuthProvider) bool { return p.Name == provider.Name })
	v.callback = render.Callbacks(append(others, *itself))[provider.Name]
	revision, err := render.ProviderRevision(provider, v.callback)
	v.revision, v.problem = revision, cmp.Or(v.problem, err)
}

// namedIssuer is the issuer that has promised to name itself in its answers. A
// promise holds while the provider is away, and cannot be taken back: what it says
// later must not take a callback away from others, nor make its answers count
// that do not name it.
func (v providerView) namedIssuer(provider *v1alpha1.OAuthProvider) string {
	before := provider.Status.NamedIssuer
	switch {
	case v.answer != nil && v.answer.Discovered.Status == metav1.ConditionTrue:
		return v.answer.NamedIssuer
	case before == render.ProviderIssuer(provider):
		return before
	default:
		return ""
	}
}

// callbackDistinct says whether an answer tells by its callback whose it is.
func callbackDistinct(provider *v1alpha1.OAuthProvider, v providerView) metav1.Condition {
	const kind = v1alpha1.CallbackDistinctCondition
	if v.unread != nil { // nobody knows its neighbours
		return v.unread.Unknown(kind)
	}
	if v.realm == nil {
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Nobody can tell, because of what %s says", v1alpha1.RealmFoundCondition)
	}
	c, url := v.callback, render.CallbackURL(v.realm, provider.Name, v.callback)
	switch {
	case c.Rival != "":
		return conditions.False(kind, v1alpha1.ReasonRegisterCallback, "%s", waiting(provider, v))
	case c.Own:
		return conditions.True(kind, v1alpha1.ReasonPerProvider, "No other provider's answers come to %s", url)
	case c.RequireIssuer:
		return conditions.True(kind, v1alpha1.ReasonIssuerNamed, "Answers count that name the issuer, which it has promised to do")
	default:
		return conditions.True(kind, v1alpha1.ReasonAlone, "Every other provider has a callback of its own, or names itself in its answers")
	}
}

// waiting says why the provider waits for a callback of its own, or for another's
// to get one, and what ends it.
func waiting(provider *v1alpha1.OAuthProvider, v providerView) string {
	rival, shared := v.callback.Rival, render.CallbackURL(v.realm, "", render.Callback{})
	own := func(name string) string { return render.CallbackURL(v.realm, name, render.Callback{Own: true}) }
	switch {
	case v.callback.Below && provider.Spec.Callback == v1alpha1.PerProviderCallback:
		return fmt.Sprintf("OAuthProvider %q has the shared callback, and GitHub sends answers to every URL below it, this one's too;"+
			" register %s at GitHub in place of %s, and then set callback: PerProvider there", rival, own(rival), shared)
	case v.callback.Below:
		return fmt.Sprintf("GitHub sends answers to every URL below a callback, and below the shared one is that of OAuthProvider %q;"+
			" register %s at GitHub in place of %s, and then set callback: PerProvider", rival, own(provider.Name), shared)
	default:
		return fmt.Sprintf("OAuthProvider %q has the shared callback, where an answer does not tell which of the two gives it;"+
			" register %s at the provider in place of %s, and then set callback: PerProvider", rival, own(provider.Name), shared)
	}
}
