// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// reportsURL is of an application behind a gateway, ordersURL of another one.
const (
	reportsURL   = "https://reports.example.com"
	ordersURL    = "https://orders.example.com"
	callbackPath = "/_realm/callback"
)

// newGatedClient is the client of an application that a gateway stands in front of.
func newGatedClient(id, origin string, change ...func(*realmconfig.Client)) realmconfig.Client {
	return newWebClient(append([]func(*realmconfig.Client){publicClient, func(c *realmconfig.Client) {
		c.ID, c.RedirectURIs, c.PostLogoutRedirectURIs = id, []string{origin + callbackPath}, nil
	}}, change...)...)
}

// fewLines is a gateway in a few lines, as a browser knows it: which applications are at
// which hosts, and by which address below /forward-auth/ it asks about each.
type fewLines struct {
	realm   http.RoundTripper
	address map[string]string
}

// RoundTrip implements http.RoundTripper. An application answers with what it is told.
func (g fewLines) RoundTrip(r *http.Request) (*http.Response, error) {
	address, gated := g.address[r.URL.Host]
	if !gated {
		return g.realm.RoundTrip(r)
	}
	client, _, _ := strings.Cut(address, "?")
	asked := r.Clone(r.Context())
	asked.URL = &url.URL{Scheme: "https", Host: issuerHost, Path: "/forward-auth/" + client + r.URL.Path, RawQuery: r.URL.RawQuery}
	asked.Header.Set("X-Forwarded-Host", r.URL.Host)
	asked.Host = issuerHost
	if strings.HasPrefix(r.URL.Path, "/_realm/") {
		return g.ask(asked, r)
	}
	to, err := url.Parse(issuer + "/forward-auth/" + address)
	if err != nil {
		return nil, err
	}
	asked.URL, asked.Method, asked.Body, asked.ContentLength = to, http.MethodGet, nil, 0
	asked.Header.Set("X-Forwarded-Method", r.Method)
	asked.Header.Set("X-Forwarded-Uri", r.URL.RequestURI())
	response, err := g.ask(asked, r)
	if err == nil && response.StatusCode == http.StatusOK {
		_ = response.Body.Close()
		response.Body = io.NopCloser(strings.NewReader("the application"))
	}
	return response, err
}

// ask is an answer of the realm's as the browser sees it, which has sent another request.
func (g fewLines) ask(asked, sent *http.Request) (*http.Response, error) {
	response, err := g.realm.RoundTrip(asked)
	if err == nil {
		response.Request = sent
	}
	return response, err
}

// newGatedBrowser is a browser that reaches applications through a gateway.
func (s *server) newGatedBrowser(address map[string]string) *pageBrowser {
	s.t.Helper()
	b := s.newPageBrowser()
	b.client.Transport = fewLines{b.client.Transport, address}
	return b
}

// through is the usual gateway, with demands.
func through(demands string) map[string]string {
	return map[string]string{"reports.example.com": "apps.reports" + demands, "orders.example.com": "apps.orders"}
}

// enters opens a page of an application, signs in where it is asked to, and is let through.
func (b *pageBrowser) enters(address, email, password string) {
	b.t.Helper()
	b.open(address)
	if b.at.Host == issuerHost {
		b.sees("/signin", http.StatusOK)
		b.submit("/signin", map[string]string{"email": email, "password": password})
	}
	b.isLetThrough(address)
}

// isLetThrough fails the test unless the browser is at an address of the application.
func (b *pageBrowser) isLetThrough(address string) {
	b.t.Helper()
	for _, c := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(c.Value)
	}
	if b.at.String() != address || b.status != http.StatusOK || b.body != "the application" {
		b.t.Fatalf("is at %s with %d, and not at %s:\n%s", b.at, b.status, address, b.text())
	}
}

// asks sends a request of a page's script, or of a form, to an application.
func (b *pageBrowser) asks(method, address string, header ...string) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response
}

// stopsAt lets a browser follow no redirect to a path; away is where it would have gone.
func (b *pageBrowser) stopsAt(path string) {
	follow := b.client.CheckRedirect
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Path == path {
			return http.ErrUseLastResponse
		}
		return follow(r, via)
	}
	b.t.Cleanup(func() { b.client.CheckRedirect = follow })
}

// follows lets it follow them again.
func (b *pageBrowser) follows(s *server) {
	b.client.CheckRedirect = s.newPageBrowser().client.CheckRedirect
}

// comesBack is where the realm sends a browser that signs in at an application: the callback,
// which it does not open.
func (b *pageBrowser) comesBack(s *server, address, email, password string) *url.URL {
	b.t.Helper()
	b.stopsAt(callbackPath)
	b.away = nil
	b.open(address)
	if b.away == nil {
		b.submit("/signin", map[string]string{"email": email, "password": password})
	}
	if b.away == nil || b.away.Path != callbackPath {
		b.t.Fatalf("is at %s with %d, and not sent to the callback:\n%s", b.at, b.status, b.text())
	}
	suite.secrets.used(b.away.Query().Get("code"))
	b.follows(s)
	return b.away
}
