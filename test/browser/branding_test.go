// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// logo is drawn for either theme, by the picture itself.
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 40" width="180" height="40">
<style>text { fill: #3a2200 } @media (prefers-color-scheme: dark) { text { fill: #ffe9c2 } }</style>
<path d="M6 14h28l-3 22H9z" fill="#e08a00"/><path d="M13 14a7 7 0 0 1 14 0" fill="none" stroke="#e08a00" stroke-width="4"/>
<text x="44" y="30" font-family="sans-serif" font-size="26" font-weight="bold">The Shop</text>
</svg>`

// branded is a realm with a look of its own.
func branded(t *testing.T) *realm {
	t.Helper()
	picture, err := realmconfig.NewPicture([]byte(logo))
	if err != nil {
		t.Fatal(err)
	}
	r := newRealm(t)
	r.Config.UI = realmconfig.UI{
		DisplayName: "The Shop", Logo: picture, Languages: []string{"de", "en"},
		Light:      realmconfig.Theme{Accent: "#ffb300", Background: "#fff8ec", Text: "#3a2200"},
		Dark:       realmconfig.Theme{Accent: "#ffb300", Background: "#1d1400", Surface: "#2a1f08", Text: "#ffe9c2"},
		SupportURL: "https://shop.example/help",
		LegalLinks: []realmconfig.Link{
			{Text: "Terms", URL: "https://shop.example/terms"}, {Text: "Privacy", URL: "https://shop.example/privacy"},
			{Text: "Imprint", URL: "https://shop.example/imprint"},
		},
		Texts: map[string]map[string]string{"en": {"signin.title": "Welcome back"}},
	}
	return r
}

func TestPagesHaveTheLookOfTheirRealm(t *testing.T) {
	t.Parallel()
	b := branded(t).serve().newTab(desk)
	b.open("/signin")
	b.sees("/signin", http.StatusOK, "Welcome back", "Help", "Privacy")
	if !evaluate[bool](b, `document.querySelector("img.logo").decode().then(() => true)`) {
		t.Error("the logo is not shown")
	}
	for _, c := range []struct{ theme, page, button, link string }{
		{"light", "rgb(255, 248, 236)", "rgb(0, 0, 0)", "rgb(58, 34, 0)"},
		{"dark", "rgb(29, 20, 0)", "rgb(0, 0, 0)", "rgb(255, 179, 0)"},
	} {
		b.prefers(c.theme, "reduce")
		color := func(selector, property string) string {
			return evaluate[string](b, "getComputedStyle(document.querySelector('"+selector+"'))."+property)
		}
		if page, button, link := color("body", "backgroundColor"), color(".button.primary", "color"), color("main a", "color"); page != c.page || button != c.button || link != c.link {
			t.Errorf("the %s page is %s, its button's text %s, its links %s", c.theme, page, button, link)
		}
	}
	b.look("signin-branded")
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.sees("/account", http.StatusOK, userEmail)
	b.look("account-branded")
}

// A logo that somebody opens by itself is a page of the realm's origin.
func TestALogoCanDoNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	// As if it had come past the check of the settings.
	r.Config.UI.Logo = &realmconfig.Picture{MediaType: realmconfig.SVG, Data: []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><a xmlns:x="http://www.w3.org/1999/xlink" x:href="javascript:document.title='run'"><rect width="8" height="8"/></a></svg>`)}
	b := r.serve().newTab(desk)
	b.open("/signin")
	address := b.attribute("img.logo", "src")
	b.open(address)
	if origin := evaluate[string](b, "self.origin"); origin != "null" {
		t.Errorf("the logo has the origin %s", origin)
	}
}
