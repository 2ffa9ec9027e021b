// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// browser follows redirects and fills in forms; it keeps cookies. It finds the
// realm under the issuer's name, and everybody else where they are.
type browser struct {
	t      testing.TB
	server *server
	client *http.Client
}

func (s *server) newBrowser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := realmtest.NewTransport(s.realm.Roots(), s.API, false)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, issuerHost+":") {
			address = s.API
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &browser{s.t, s, &http.Client{
		Transport: transport, Jar: jar, Timeout: realmtest.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends one request and follows nothing.
func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	if r.URL.Host == issuerHost {
		return b.server.doBy(b.client, r)
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return answer{Status: response.StatusCode, Header: response.Header, Body: readAll(b.t, response.Body)}
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

// location is where an answer sends the browser that asked for address.
func (b *browser) location(address string, a answer) string {
	b.t.Helper()
	from, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := from.Parse(a.Header.Get("Location"))
	if err != nil || a.Header.Get("Location") == "" {
		b.t.Fatalf("no redirect from %s, but %d %s", from.Path, a.Status, a.Body)
	}
	return to.String()
}

// follow goes from page to page until an answer is no redirect, or one to the
// application. It returns the last address with it.
func (b *browser) follow(address string) (string, answer) {
	b.t.Helper()
	for range 20 {
		if strings.HasPrefix(address, appURL) {
			return address, answer{}
		}
		a := b.get(address)
		if a.Status < 300 || a.Status > 399 {
			return address, a
		}
		address = b.location(address, a)
	}
	b.t.Fatal("redirected without end")
	return "", answer{}
}

// submit fills in the form of a page that stands at address, and follows.
func (b *browser) submit(address string, page answer, fields url.Values) (string, answer) {
	b.t.Helper()
	to, err := realmtest.FormAction(address, page.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, to, strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.follow(b.location(to, b.do(r)))
}
