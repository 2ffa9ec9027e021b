// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// What a browser does by itself, a real one has to do as well: it sends the form of
// form_post only where the page's policy lets it go.
func TestInChromium(t *testing.T) {
	t.Parallel()
	r := newRealm(t, clients())
	certificate := certificateOf(t, r)
	brought := make(chan *http.Request, 1)
	callback := startCallback(t, certificate, brought) + "/callback"
	for i := range r.Clients {
		r.Clients[i].RedirectURIs = append(r.Clients[i].RedirectURIs, callback)
	}
	r.Update()
	p := serveRealm(t, r).discover(t)
	browser := startChromium(t, certificate.Leaf)
	for _, mode := range []string{"query", "form_post"} {
		t.Run(mode+"/oidcc-server", func(t *testing.T) {
			rp := p.newRelyingParty(t, mode)
			rp.redirectURI = callback
			asked := rp.request()
			signInWith(t, browser, withQuery(p.metadata.text("authorization_endpoint"), asked), p.person)
			select {
			case r := <-brought:
				rp.completed(asked, rp.answered(asked, r).Get("code"))
			case <-time.After(eventually.Patience):
				t.Fatal("the browser brings no answer")
			}
		})
	}
}

// certificateOf is what a realm serves with.
func certificateOf(t *testing.T, r *realmtest.Realm) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(r.Dir, realmconfig.CertificateFile), filepath.Join(r.Dir, realmconfig.CertificateKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// startCallback serves a relying party's address, and hands on what browsers bring there.
func startCallback(t *testing.T, certificate tls.Certificate, brought chan<- *http.Request) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r) // browsers ask for icons
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body, r.URL.Scheme, r.URL.Host = io.NopCloser(strings.NewReader(string(body))), "https", r.Host
		brought <- r
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func startChromium(t *testing.T, trusted *x509.Certificate) context.Context {
	t.Helper()
	chromium, err := testenv.StartChromium(t.Context(), trusted)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chromium.Stop() })
	allocator, cancel := remote.NewAllocator(context.Background(), chromium.DevTools, remote.NoModifyURL)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}

// signInWith opens an address in a browser that nobody has used, and signs somebody in on
// the page that comes.
func signInWith(t *testing.T, browser context.Context, address string, who person) {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel := context.WithTimeout(tab, eventually.Patience)
	t.Cleanup(cancel)
	err := chromedp.Do(ctx, chromedp.Navigate(address),
		chromedp.SendKeys(chromedp.ID("email"), who.login), chromedp.SendKeys(chromedp.ID("password"), who.password+"\r"))
	if err != nil {
		t.Fatal(err)
	}
}
