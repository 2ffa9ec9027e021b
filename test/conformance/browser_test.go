// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// browser is somebody's, who signs in where they are asked to, and agrees to whatever
// else a provider's page asks. It follows redirects and keeps cookies, and stops where it
// would leave the provider for the relying party.
type browser struct {
	t      testing.TB
	http   *http.Client
	person person
	// shown are the pages that it came by, the last one last.
	shown []page
}

// page is one of the provider's.
type page struct {
	realmtest.Answer
	at       *url.URL
	document *html.Node
}

func (p *provider) newBrowser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := p.newHTTP(t)
	client.Jar = jar
	return &browser{t: t, http: client, person: p.person}
}

// visit sends a request and goes on from there. It returns the request that leads to the
// relying party, or nil where the browser stays at a page of the provider's.
func (b *browser) visit(r *http.Request) *http.Request {
	b.t.Helper()
	for range 20 {
		if r.URL.Host == rpHost {
			return r
		}
		r.Header.Set("Accept", "text/html")
		response, err := b.http.Do(r)
		if err != nil {
			b.t.Fatal(err)
		}
		to, redirected := response.Location()
		answer, err := realmtest.ReadAnswer(response)
		if err != nil {
			b.t.Fatal(err)
		}
		if redirected == nil {
			r = newRequest(b.t, http.MethodGet, to.String(), nil)
			continue
		}
		p := page{Answer: answer, at: response.Request.URL}
		if p.document, err = html.Parse(strings.NewReader(answer.Body)); err != nil {
			b.t.Fatal(err)
		}
		b.shown = append(b.shown, p)
		if r = b.fillIn(p); r == nil {
			return nil
		}
	}
	b.t.Fatal("the browser is sent around without end")
	return nil
}

// open goes to an address; see visit.
func (b *browser) open(address string) *http.Request {
	b.t.Helper()
	return b.visit(newRequest(b.t, http.MethodGet, address, nil))
}

// fillIn is what somebody sends who fills in the form of a page; nil where it has none.
func (b *browser) fillIn(p page) *http.Request {
	b.t.Helper()
	form := p.form()
	if form == nil {
		return nil
	}
	to, err := p.at.Parse(attribute(form, "action"))
	if err != nil {
		b.t.Fatal(err)
	}
	r := newRequest(b.t, http.MethodPost, to.String(), p.values(form, b.person))
	r.Header.Set("Origin", p.at.Scheme+"://"+p.at.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// text is what the last page says, for those who read why a test has failed.
func (b *browser) text() string {
	if len(b.shown) == 0 {
		return "no page"
	}
	last, words := b.shown[len(b.shown)-1], []string{}
	for n := range last.document.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return last.at.Path + ": " + strings.Join(words, " ")
}

// signInPages are those of the shown pages that have asked for a password.
func (b *browser) signInPages() []page {
	list := []page{}
	for _, p := range b.shown {
		if form := p.form(); form != nil && find(form, "input", "type", "password") != nil {
			list = append(list, p)
		}
	}
	return list
}

// form is the first one of what a page is about; nil for a page that asks nothing.
func (p page) form() *html.Node {
	about := p.document
	if main := find(p.document, "main", "", ""); main != nil {
		about = main
	}
	return find(about, "form", "method", "post")
}

// values are what somebody sends with a form: their password and name in the fields for
// them, everything else as it stands, and the first button pressed.
func (p page) values(form *html.Node, who person) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" || attribute(n, "name") == "" {
			continue
		}
		value := attribute(n, "value")
		switch attribute(n, "type") {
		case "password":
			value = who.password
		case "text", "email":
			value = who.login
		}
		values.Set(attribute(n, "name"), value)
	}
	button := find(form, "button", "", "")
	if button == nil {
		button = find(p.document, "button", "form", attribute(form, "id"))
	}
	if button != nil && attribute(button, "name") != "" {
		values.Set(attribute(button, "name"), attribute(button, "value"))
	}
	return values
}

// find is the first element of a kind whose attribute has a value; any where the
// attribute has no name.
func find(within *html.Node, element, name, value string) *html.Node {
	for n := range within.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && (name == "" || attribute(n, name) == value) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
