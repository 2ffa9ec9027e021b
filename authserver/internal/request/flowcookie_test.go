// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// flowBrowser is a browser's cookies, and what it is sent.
type flowBrowser struct {
	t       *testing.T
	jar     http.CookieJar
	at      *url.URL
	cookies FlowCookies
}

func newFlowBrowser(t *testing.T) flowBrowser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse("https://auth.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return flowBrowser{t, jar, at, FlowCookies{Name: "__Host-rk-test", Most: 4, MostBytes: 100, Lifetime: time.Minute}}
}

// request is one that the browser sends.
func (b flowBrowser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, b.at.String(), nil)
	for _, c := range b.jar.Cookies(b.at) {
		r.AddCookie(c)
	}
	return r
}

// answered takes up what an answer says.
func (b flowBrowser) answered(w *httptest.ResponseRecorder) {
	b.jar.SetCookies(b.at, w.Result().Cookies())
}

func (b flowBrowser) keep(flow, value string) {
	w := httptest.NewRecorder()
	b.cookies.Keep(w, b.request(), flow, value)
	b.answered(w)
}

func (b flowBrowser) flows() string {
	values := []string{}
	for _, c := range b.jar.Cookies(b.at) {
		values = append(values, c.Value)
	}
	return strings.Join(values, " ")
}

func TestEachFlowHasACookie(t *testing.T) {
	t.Parallel()
	b := newFlowBrowser(t)
	b.keep("a", "one")
	b.keep("b", "two")
	for flow, want := range map[string]auth.Secret{"a": "one", "b": "two", "c": "", "": ""} {
		if got := b.cookies.Of(b.request(), flow); got != want {
			t.Errorf("flow %q has %q, want %q", flow, got, want)
		}
	}
	w := httptest.NewRecorder()
	if got := b.cookies.Take(w, b.request(), "a"); got != "one" {
		t.Errorf("took %q", got)
	}
	b.answered(w)
	if got := b.flows(); got != "two" {
		t.Errorf("what is left is %q, want the other flow's", got)
	}
}

func TestOldFlowsMakeRoom(t *testing.T) {
	t.Parallel()
	b := newFlowBrowser(t)
	for i := range 10 {
		b.keep(fmt.Sprint("flow", i), fmt.Sprint(i))
	}
	if got := b.flows(); got != "6 7 8 9" {
		t.Errorf("the flows are %q, want the four last", got)
	}
	for range 5 {
		b.keep("flow7", "7") // goes on
	}
	if got := b.flows(); got != "6 7 8 9" {
		t.Errorf("the flows are %q, want those of before", got)
	}
	b.keep("long", strings.Repeat("x", 98))
	if got := b.flows(); got != "8 9 "+strings.Repeat("x", 98) {
		t.Errorf("the flows are %q, want a hundred bytes", got)
	}
	b.keep("too long", strings.Repeat("x", 101))
	if got := b.flows(); got != "8 9 "+strings.Repeat("x", 98) {
		t.Errorf("the flows are %q, want those of before", got)
	}
}

// Tabs that begin at once know nothing of each other; the next one clears up.
func TestFlowsThatBeganAtOnce(t *testing.T) {
	t.Parallel()
	b := newFlowBrowser(t)
	none := httptest.NewRequest(http.MethodGet, b.at.String(), nil)
	for i := range 20 {
		w := httptest.NewRecorder()
		b.cookies.Keep(w, none, fmt.Sprint("flow", i), fmt.Sprint(i))
		b.answered(w)
	}
	b.keep("last", "last")
	if got := b.flows(); got != "17 18 19 last" {
		t.Errorf("the flows are %q, want the four last", got)
	}
}

func TestFlowCookiesAreForThisHostAlone(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newFlowBrowser(t).cookies.Keep(w, httptest.NewRequest(http.MethodGet, "https://auth.example.com/", nil), "a", "one")
	if got := w.Header().Get("Set-Cookie"); got != "__Host-rk-test-a=one; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("the cookie is %s", got)
	}
}

func TestFlowsSayNothingOfTheirSecret(t *testing.T) {
	t.Parallel()
	if one, other := FlowOf("one"), FlowOf("other"); one == other || len(one) != 12 || strings.ContainsAny(one, "+/=") {
		t.Errorf("the flows are %q and %q", one, other)
	}
}

func TestTheNewestFlowIsFound(t *testing.T) {
	t.Parallel()
	c := FlowCookies{Name: "__Host-flow", Most: 3, MostBytes: 100, Lifetime: time.Minute}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if got := c.Newest(r); got != "" {
		t.Errorf("of none it is %q", string(got))
	}
	r.Header.Set("Cookie", "__Host-flow-a=one; __Host-flow-b=two; __Host-flowing=three")
	if got := c.Newest(r); got != "two" {
		t.Errorf("it is %q", string(got))
	}
}
