// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// visitor is somebody with a browser without scripts, who follows redirects between
// applications and the realm, and keeps the cookies of both.
type visitor struct {
	t     *testing.T
	realm *realm
	http  *http.Client

	at     *url.URL
	status int
	body   string
}

func (r *realm) newVisitor() *visitor {
	r.t.Helper()
	v := newVisitor(r.t, r.Roots())
	v.realm = r
	return v
}

// newVisitor is of no realm.
func newVisitor(t *testing.T, roots *x509.CertPool) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = roots
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t: t, http: &http.Client{Transport: transport, Jar: jar, Timeout: realmtest.Patience}}
}

func (v *visitor) open(address string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.send(r)
}

func (v *visitor) send(r *http.Request) {
	v.t.Helper()
	r.Header.Set("Accept", "text/html")
	response, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	a, err := realmtest.ReadAnswer(response)
	if err != nil {
		v.t.Fatal(err)
	}
	v.at, v.status, v.body = response.Request.URL, a.Status, a.Body
}

// submit fills in the form whose action ends so, and sends it with what else it has.
func (v *visitor) submit(action string, fields map[string]string) {
	v.t.Helper()
	page, err := html.Parse(strings.NewReader(v.body))
	if err != nil {
		v.t.Fatal(err)
	}
	for form := range page.Descendants() {
		if form.Type != html.ElementNode || form.Data != "form" || !strings.HasSuffix(attribute(form, "action"), action) {
			continue
		}
		values := url.Values{}
		for n := range form.Descendants() {
			if n.Type == html.ElementNode && n.Data == "input" {
				values.Set(attribute(n, "name"), attribute(n, "value"))
			}
		}
		for name, value := range fields {
			values.Set(name, value)
		}
		to, err := v.at.Parse(attribute(form, "action"))
		if err != nil {
			v.t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, to.String(), strings.NewReader(values.Encode()))
		if err != nil {
			v.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		v.send(r)
		return
	}
	v.t.Fatalf("%s has no form %s, but %d\n%s", v.at, action, v.status, v.body)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// isAt fails the test unless the visitor is at an address, but for its query, and was
// answered with a status.
func (v *visitor) isAt(address string, status int) {
	v.t.Helper()
	where := *v.at
	where.RawQuery = ""
	if where.String() != address || v.status != status {
		v.t.Fatalf("is at %s with %d, not at %s with %d:\n%s", v.at, v.status, address, status, v.body)
	}
}

// signsIn fills in the realm's page, which the visitor must have been sent to.
func (v *visitor) signsIn() {
	v.t.Helper()
	v.isAt(v.realm.Config.Issuer+"/signin", http.StatusOK)
	v.submit("/signin", map[string]string{"email": userEmail, "password": password})
}

// decode reads what an application has answered with.
func decode[T any](v *visitor) (answer T) {
	v.t.Helper()
	decodeAs(v, http.StatusOK, &answer)
	return answer
}

// decodeAs is decode for another status.
func decodeAs(v *visitor, status int, answer any) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(v.body), answer); err != nil || v.status != status {
		v.t.Fatal(fmt.Errorf("%s answered %d %s: %w", v.at, v.status, v.body, err))
	}
}
