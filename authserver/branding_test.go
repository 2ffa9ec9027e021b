// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>`

// branded is a realm with a look of its own.
func branded(t *testing.T) *realm {
	t.Helper()
	picture, err := realmconfig.NewPicture([]byte(logo))
	if err != nil {
		t.Fatal(err)
	}
	r := newRealm(t)
	r.Config.UI = realmconfig.UI{
		DisplayName: "The <Shop>", Logo: picture, Languages: []string{"de", "en"},
		Light:      realmconfig.Theme{Accent: "#ffcc00"},
		SupportURL: "https://shop.example.com/help",
		LegalLinks: []realmconfig.Link{{Text: "Terms", URL: "https://shop.example.com/terms"}},
		Texts: map[string]map[string]string{
			"en": {"signin.title": "Welcome <back>", "problem.invalid_credentials": "No such luck."},
			"de": {"signin.text-of-another-release": "?"},
		},
	}
	r.Update()
	return r
}

// fetch is a file that a page names.
func (b *pageBrowser) fetch(address string) (http.Header, string) {
	b.t.Helper()
	response, err := b.client.Get(issuer + address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		b.t.Errorf("%s is answered %d", address, response.StatusCode)
	}
	return response.Header, readAll(b.t, response.Body)
}

func TestPagesHaveTheLookOfTheirRealm(t *testing.T) {
	t.Parallel()
	b := branded(t).serve().newPageBrowser()
	b.open("/signin")
	b.sees("/signin", http.StatusOK, "Welcome <back>", "Help", "Terms")
	picture := b.find("img", "alt", "The <Shop>")
	header, body := b.fetch(attribute(picture, "src"))
	if body != logo || header.Get("Content-Type") != "image/svg+xml" || header.Get("X-Content-Type-Options") != "nosniff" ||
		header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("the logo is served with %v: %s", header, body)
	}
	address := ""
	for n := range b.page.Descendants() {
		if n.Data == "link" && strings.HasSuffix(attribute(n, "href"), "/theme.css") {
			address = attribute(n, "href")
		}
	}
	header, body = b.fetch(address)
	if !strings.Contains(body, "--accent: #ffcc00;") || !strings.Contains(body, "--on-accent: #000000;") ||
		header.Get("Content-Type") != "text/css; charset=utf-8" || header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("the colors are served with %v: %s", header, body)
	}
	if href := attribute(b.link("Terms"), "href"); href != "https://shop.example.com/terms" {
		t.Errorf("the terms are at %s", href)
	}
	b.submit("/signin", map[string]string{"email": adminEmail, "password": wrongPassword})
	b.sees("/signin", http.StatusBadRequest, "No such luck.")
}

func TestPagesSpeakTheLanguagesOfTheirRealm(t *testing.T) {
	t.Parallel()
	b := branded(t).serve().newPageBrowser()
	for language, title := range map[string]string{"en-GB": "Welcome <back>", "de": "Anmelden", "fr": "Anmelden", "": "Anmelden"} {
		b.language = language
		b.open("/signin")
		b.sees("/signin", http.StatusOK, title)
	}
	b.language = "de"
	b.open("/signin")
	if strings.Contains(b.text(), "Français") || !strings.Contains(b.text(), "English") {
		t.Errorf("the page offers other languages than the realm's: %s", b.text())
	}
}

// revision is of the settings on the disk.
func (r *realm) revision() string {
	r.t.Helper()
	document, err := realmconfig.Encode(r.Config)
	if err != nil {
		r.t.Fatal(err)
	}
	return realmconfig.Revision(document)
}

func TestPagesChangeTheirLookWhileTheyRun(t *testing.T) {
	t.Parallel()
	r := branded(t)
	s := r.serve()
	b := s.newPageBrowser()
	b.open("/signin")
	before := attribute(b.find("img", "alt", "The <Shop>"), "src")
	changed, err := realmconfig.NewPicture([]byte(strings.Replace(logo, `r="4"`, `r="3"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	r.Config.UI.Logo = changed
	r.Config.UI.Texts = nil
	r.Update()
	s.eventually("the new look is taken up", func() bool { return s.Report().ConfigRevision == r.revision() })
	b.open("/signin")
	b.sees("/signin", http.StatusOK, "Sign in")
	if after := attribute(b.find("img", "alt", "The <Shop>"), "src"); after == before {
		t.Error("another logo is at the same address, where browsers keep the first for ever")
	}
	if header, body := b.fetch(before); !strings.Contains(body, `r="3"`) || header.Get("Cache-Control") != "no-store" {
		t.Errorf("the first one's address is answered %s, to be kept for %s", body, header.Get("Cache-Control"))
	}
}
