// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestALogoIsTakenUpWhenItAppears(t *testing.T) {
	t.Parallel()
	const picture = `<svg xmlns="http://www.w3.org/2000/svg"/>`
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.UI = &v1alpha1.UI{Logo: &v1alpha1.Logo{ConfigMapRef: v1alpha1.ConfigMapKeyRef{Name: "brand", Key: "logo.svg"}}}
	})
	w.run(2)
	w.await(v1alpha1.ConfigPropagatedCondition, metav1.ConditionTrue, v1alpha1.ReasonPropagated)
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfigMapNotFound,
		`ui.logo.configMapRef: there is no ConfigMap "brand" in this namespace; create it`)

	brand := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "brand"}, Data: map[string]string{"logo.png": picture}}
	w.create(brand)
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfigMapNotFound, `has no key "logo.svg"`)
	w.draw(brand, "<script/>")
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidLogo, "is neither PNG nor SVG")
	w.draw(brand, picture)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if logo := w.settings().UI.Logo; logo == nil || logo.MediaType != realmconfig.SVG || string(logo.Data) != picture {
		t.Errorf("the logo is %+v", logo)
	}
}

// draw puts a logo into a ConfigMap.
func (w *world) draw(brand *corev1.ConfigMap, picture string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		w.get(brand, brand.Name)
		brand.Data["logo.svg"] = picture
		return w.Update(ctx, brand)
	})
}

func TestABrandThatCannotBeReadIsNamedAndLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.UI = &v1alpha1.UI{
			Colors: &v1alpha1.Colors{Light: &v1alpha1.Theme{Accent: "#ffcc00"}, Dark: &v1alpha1.Theme{Text: "#333333"}},
			Texts:  map[string]v1alpha1.Texts{"de": {"signin.title": "Willkommen", "signin.titel": "Willkommen"}},
		}
	})
	w.run(2)
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionFalse, v1alpha1.ReasonLowContrast,
		"ui.colors.dark: text (#333333) on background (#10131b) has a contrast of 1.", "as it was built",
		"ui.texts.de: there is no text signin.titel; did you mean signin.title?")
	if ui := w.settings().UI; ui.Light.Accent != "#ffcc00" || ui.Dark != (realmconfig.Theme{}) || len(ui.Texts["de"]) != 1 {
		t.Errorf("pages are told %+v", ui)
	}
	w.edit(func(s *v1alpha1.AuthRealmSpec) {
		s.UI.Colors.Dark.Text = "#f0f0f0"
		delete(s.UI.Texts["de"], "signin.titel")
	})
	w.await(v1alpha1.BrandingAcceptedCondition, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
