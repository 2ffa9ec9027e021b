// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ui is how the realm's pages look. What people could not read, and texts that
// no page uses, are left out: see Colors and Texts, which say so.
func ui(in Inputs, absent realmconfig.UI) realmconfig.UI {
	spec := valueOr(in.Realm.Spec.UI, v1alpha1.UI{})
	settings := realmconfig.UI{
		DisplayName: displayName(in.Realm),
		Logo:        in.Logo,
		SupportURL:  cmp.Or(string(spec.SupportURL), string(valueOr(in.Realm.Spec.Email, v1alpha1.Email{}).SupportURL)),
		Languages:   absent.Languages,
	}
	settings.Light, settings.Dark, _ = Colors(in.Realm)
	settings.Texts, _ = Texts(in.Realm)
	for _, link := range spec.LegalLinks {
		settings.LegalLinks = append(settings.LegalLinks, realmconfig.Link{Text: link.Text, URL: string(link.URL)})
	}
	if len(spec.Languages) > 0 {
		settings.Languages = nil
		for _, tag := range spec.Languages {
			settings.Languages = append(settings.Languages, string(tag))
		}
	}
	return settings
}

// Colors are the realm's themes that people can read. The errors say of every
// other one what could not be read in it.
func Colors(realm *v1alpha1.AuthRealm) (light, dark realmconfig.Theme, unread []error) {
	colors := valueOr(valueOr(realm.Spec.UI, v1alpha1.UI{}).Colors, v1alpha1.Colors{})
	light, dark = theme(colors.Light), theme(colors.Dark)
	dark.Accent = cmp.Or(dark.Accent, light.Accent)
	for _, t := range []struct {
		field  string
		chosen *realmconfig.Theme
		built  realmconfig.Theme
	}{{"ui.colors.light", &light, realmconfig.LightTheme()}, {"ui.colors.dark", &dark, realmconfig.DarkTheme()}} {
		if err := t.chosen.Over(t.built).Legible(); err != nil {
			*t.chosen = realmconfig.Theme{}
			unread = append(unread, fmt.Errorf("%s: %w", t.field, err))
		}
	}
	return light, dark, unread
}

func theme(t *v1alpha1.Theme) realmconfig.Theme {
	colors := valueOr(t, v1alpha1.Theme{})
	return realmconfig.Theme{
		Accent: string(colors.Accent), Background: string(colors.Background), Surface: string(colors.Surface), Text: string(colors.Text),
	}
}

// Texts are the realm's own texts that pages use. The errors say of every other
// one why it has no effect.
func Texts(realm *v1alpha1.AuthRealm) (used map[string]map[string]string, unused []error) {
	all := valueOr(realm.Spec.UI, v1alpha1.UI{}).Texts
	if len(all) == 0 {
		return nil, nil // most have none, and each pass asks
	}
	known := realmconfig.KnownTexts()
	for _, language := range slices.Sorted(maps.Keys(all)) {
		for _, key := range slices.Sorted(maps.Keys(all[language])) {
			text := string(all[language][key])
			if err := known.Check(key, text); err != nil {
				unused = append(unused, fmt.Errorf("ui.texts.%s: %w", language, err))
				continue
			}
			if used == nil {
				used = map[string]map[string]string{}
			}
			if used[language] == nil {
				used[language] = map[string]string{}
			}
			used[language][key] = text
		}
	}
	return used, unused
}

// LogoFrom is where the realm's logo is read; nil for a realm without.
func LogoFrom(realm *v1alpha1.AuthRealm) *v1alpha1.ConfigMapKeyRef {
	logo := valueOr(realm.Spec.UI, v1alpha1.UI{}).Logo
	if logo == nil {
		return nil
	}
	return &logo.ConfigMapRef
}
