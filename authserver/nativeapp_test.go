// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// staysHere keeps a browser from going to applications that there are not.
func (b *pageBrowser) staysHere() *pageBrowser {
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != issuerHost {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// nativeApp is a client on people's own machines.
func nativeApp(uris ...string) func(*realmconfig.Client) {
	return func(c *realmconfig.Client) {
		publicClient(c)
		c.DisplayName, c.RedirectURIs = "Notes", uris
	}
}

// Any program on somebody's machine can say that it is an app there: without a click of
// theirs it is given nothing (RFC 8252, section 8.6).
func TestANativeAppIsGivenNothingWithoutAClick(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ registered, uri, place string }{
		"by a port of its own": {"http://127.0.0.1/callback", "http://127.0.0.1:49152/callback", "127.0.0.1:49152"},
		"by a name":            {"http://localhost:8000/", "http://localhost:8000/", "localhost:8000"},
		"by its own scheme":    {"com.example.notes:/callback", "com.example.notes:/callback", "com.example.notes"},
	} {
		for what, scopes := range map[string]string{"": "openid email", ", for good": "openid email offline_access"} {
			for consent, change := range map[string]func(*realmconfig.Client){"": func(*realmconfig.Client) {}, ", with consent": asking} {
				t.Run(name+what+consent, func(t *testing.T) {
					t.Parallel()
					notes := newWebClient(nativeApp(c.registered), change)
					r := newRealmOfClients(t, notes)
					s := r.serve()
					b, a := s.newPageBrowser().staysHere(), s.newApplication(notes, strings.Fields(scopes)...)
					a.config.RedirectURL = c.uri
					b.signIn(adminEmail, adminPassword)
					for range 2 {
						f := a.newFlow()
						b.open(f.address(param("prompt", "none")))
						f.refusedWith(b, "interaction_required")
						b.open(f.address())
						b.isAsked("Notes?", adminEmail, "know your e-mail address", "Next you go to "+c.place, "A program on this device has asked")
						if got := query[int](r, "SELECT count(*) FROM authorization_codes WHERE used_at IS NULL"); got != 0 {
							t.Errorf("%d codes were given", got)
						}
						b.answers("allow")
						if h := f.exchange(f.code(b)); h.claims["email"] != adminEmail {
							t.Errorf("the ID token is %v", h.claims)
						}
						b.open(f.address())
						b.answers("cancel")
						f.refusedWith(b, "access_denied")
					}
					if got := query[int](r, "SELECT count(*) FROM consents"); got != len(consent)/len(", with consent") {
						t.Errorf("%d consents are remembered", got)
					}
				})
			}
		}
	}
}

// Where nobody else can take the client's place, nobody is asked.
func TestWhoCannotBeImpersonatedNeedsNoClick(t *testing.T) {
	t.Parallel()
	loopback := func(c *realmconfig.Client) { c.RedirectURIs = []string{"http://127.0.0.1:8000/callback"} }
	for name, c := range map[string]realmconfig.Client{
		"a page": newWebClient(publicClient), "a program with a secret, in development": newWebClient(loopback), "an application": newWebClient(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealmOfClients(t, c).serve()
			b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid").newFlow()
			b.signIn(adminEmail, adminPassword)
			b.open(f.address(param("prompt", "none")))
			f.exchange(f.code(b))
			b.open(f.address(param("prompt", "consent")))
			b.isAsked() // who wants that may have it
		})
	}
}

// An app with an address elsewhere and one on the machine is asked about at the latter.
func TestTheAddressOfTheRequestDecides(t *testing.T) {
	t.Parallel()
	c := newWebClient(nativeApp(appURL+"callback", "http://127.0.0.1/callback"))
	s := newRealmOfClients(t, c).serve()
	b, a := s.newPageBrowser().staysHere(), s.newApplication(c, "openid")
	b.signIn(adminEmail, adminPassword)
	f := a.newFlow()
	b.open(f.address())
	f.exchange(f.code(b))
	a.config.RedirectURL = "http://127.0.0.1:1024/callback"
	b.open(a.newFlow().address())
	b.isAsked()
}
