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

// decideCallback finds out which callback the provider has beside its neighbours, by what
// is known of it so far.
func (st *state) decideCallback(provider *v1alpha1.OAuthProvider) {
	itself := provider.DeepCopy()
	itself.Status.NamedIssuer = st.namedIssuer(provider)
	others := slices.DeleteFunc(slices.Clone(st.neighbours), func(p v1alpha1.OAuthProvider) bool { return p.Name == provider.Name })
	st.callback = render.Callbacks(append(others, *itself))[provider.Name]
	revision, err := render.ProviderRevision(provider, st.callback)
	st.revision, st.settingsProblem = revision, cmp.Or(st.settingsProblem, err)
}

// namedIssuer is the issuer that has promised to name itself in its answers. A
// promise holds while the provider is away, and cannot be taken back: what it says
// later must not take a callback away from others, nor make its answers count
// that do not name it.
func (st state) namedIssuer(provider *v1alpha1.OAuthProvider) string {
	before := provider.Status.NamedIssuer
	switch {
	case st.answer != nil && st.answer.Discovered.Status == metav1.ConditionTrue:
		return st.answer.NamedIssuer
	case before == render.ProviderIssuer(provider):
		return before
	default:
		return ""
	}
}

// callbackDistinct says whether an answer tells by its callback whose it is.
func callbackDistinct(provider *v1alpha1.OAuthProvider, st state) metav1.Condition {
	const kind = v1alpha1.CallbackDistinctCondition
	if st.realmUnknown != nil { // nobody knows its neighbours
		return st.realmUnknown.Unknown(kind)
	}
	if st.realm == nil {
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Nobody can tell, because of what %s says", v1alpha1.RealmFoundCondition)
	}
	c, url := st.callback, render.CallbackURL(st.realm, provider.Name, st.callback)
	switch {
	case c.Rival != "":
		return conditions.False(kind, v1alpha1.ReasonRegisterCallback, "%s", rivalMessage(provider, st))
	case c.Own:
		return conditions.True(kind, v1alpha1.ReasonPerProvider, "No other provider's answers come to %s", url)
	case c.RequireIssuer:
		return conditions.True(kind, v1alpha1.ReasonIssuerNamed, "Answers count that name the issuer, which it has promised to do")
	default:
		return conditions.True(kind, v1alpha1.ReasonAlone, "Every other provider has a callback of its own, or names itself in its answers")
	}
}

// rivalMessage says why the provider waits for a callback of its own, or for another's
// to get one, and what ends it.
func rivalMessage(provider *v1alpha1.OAuthProvider, st state) string {
	rival, shared := st.callback.Rival, render.CallbackURL(st.realm, "", render.Callback{})
	own := func(name string) string { return render.CallbackURL(st.realm, name, render.Callback{Own: true}) }
	switch {
	case st.callback.Below && provider.Spec.Callback == v1alpha1.PerProviderCallback:
		return fmt.Sprintf("OAuthProvider %q has the shared callback, and GitHub sends answers to every URL below it, this one's too;"+
			" register %s at GitHub in place of %s, and then set callback: PerProvider there", rival, own(rival), shared)
	case st.callback.Below:
		return fmt.Sprintf("GitHub sends answers to every URL below a callback, and below the shared one is that of OAuthProvider %q;"+
			" register %s at GitHub in place of %s, and then set callback: PerProvider", rival, own(provider.Name), shared)
	default:
		return fmt.Sprintf("OAuthProvider %q has the shared callback, where an answer does not tell which of the two gives it;"+
			" register %s at the provider in place of %s, and then set callback: PerProvider", rival, own(provider.Name), shared)
	}
}
