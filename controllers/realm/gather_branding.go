// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// gatherBranding reads the logo, and notes what of ui is left out of the pages.
// Nothing of it stops a realm: a page without a logo is a page.
func (r *reconciler) gatherBranding(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	logo, err := r.logo(ctx, realm)
	failure, err := s.classify(err)
	if err != nil {
		return err
	}
	if failure != nil && failure.Reason == v1alpha1.ReasonFailed {
		var last settingsState
		// Without the last logo, the settings would lose it.
		if s.settings.failure, err = s.classify(r.lastGoodSettings(ctx, realm, &last)); err != nil {
			return err
		}
		logo = last.config.UI.Logo // which pages keep while another cannot be read
	}
	s.inputs.Logo = logo
	_, _, lowContrast := render.Colors(realm)
	_, unknownTexts := render.Texts(realm)
	s.branding = brandingFailure(failure, lowContrast, unknownTexts)
	return nil
}

// logo returns nil for a realm that names none, and a failure for one that
// cannot be shown.
func (r *reconciler) logo(ctx context.Context, realm *v1alpha1.AuthRealm) (*realmconfig.Picture, error) {
	const field = "ui.logo.configMapRef"
	ref := render.LogoFrom(realm)
	if ref == nil {
		return nil, nil
	}
	if !secrets.CanBeNamed(ref.Name) {
		return nil, conditions.NewFailure(v1alpha1.ReasonConfigMapNotFound,
			"%s: no ConfigMap can have the name %q; name one by lower-case letters, digits, '-' and '.'", field, ref.Name)
	}
	c := &corev1.ConfigMap{}
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: ref.Name}, c)
	if apierrors.IsNotFound(err) {
		return nil, conditions.NewFailure(v1alpha1.ReasonConfigMapNotFound, "%s: there is no ConfigMap %q in this namespace; create it", field, ref.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: get configmap %s: %w", field, ref.Name, err)
	}
	switch own, err := r.own.ConfigMap(ctx, realm.Namespace, ref.Name, c); {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", field, err)
	case own:
		return nil, conditions.NewFailure(v1alpha1.ReasonInvalidLogo, "%s: ConfigMap %q is a realm's own, and is not read; name one of yours, of another name", field, ref.Name)
	}
	data := c.BinaryData[ref.Key]
	if text, found := c.Data[ref.Key]; found {
		data = []byte(text)
	}
	if len(data) == 0 {
		all := maps.Clone(c.BinaryData)
		for key, text := range c.Data {
			if all == nil {
				all = map[string][]byte{}
			}
			all[key] = []byte(text)
		}
		return nil, conditions.NewFailure(v1alpha1.ReasonConfigMapNotFound, "%s: ConfigMap %q %s; add what is missing, or name what is meant",
			field, ref.Name, secrets.Lacking(all, ref.Key))
	}
	picture, err := realmconfig.NewPicture(data)
	if err != nil {
		return nil, conditions.NewFailure(v1alpha1.ReasonInvalidLogo, "%s: key %q of ConfigMap %q %v", field, ref.Key, ref.Name, err)
	}
	return picture, nil
}

// maxLeftOut bounds how much of what is left out a condition lists.
const maxLeftOut = 8

// brandingFailure says everything that pages do without; nil when that is nothing.
func brandingFailure(logo *conditions.Failure, lowContrast, unknownTexts []error) *conditions.Failure {
	var reasons, lines []string
	if logo != nil {
		reasons, lines = append(reasons, logo.Reason), append(lines, logo.Message)
	}
	for _, err := range lowContrast {
		reasons, lines = append(reasons, v1alpha1.ReasonLowContrast), append(lines, conditions.OneLine(err)+"; the theme is left as it was built")
	}
	for _, err := range unknownTexts {
		reasons, lines = append(reasons, v1alpha1.ReasonUnknownText), append(lines, err.Error())
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - maxLeftOut; more > 0 {
		lines = append(lines[:maxLeftOut], fmt.Sprintf("and %d more", more))
	}
	return &conditions.Failure{Reason: reasons[0], Message: strings.Join(lines, "; ")}
}
