// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// pageBrowser is somebody with a browser without scripts: it follows redirects, keeps cookies, and sends
// forms as they stand in the page.
type pageBrowser struct {
	t      testing.TB
	client *http.Client
	// language is what it asks for.
	language string

	status int
	header http.Header
	at     *url.URL
	body   string
	page   *html.Node
	// away is where it was sent last that is no page of the realm's.
	away *url.URL
}

func (s *server) newPageBrowser() *pageBrowser {
	s.t.Helper()
	client := *s.newBrowser().client
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), appURL) {
			return http.ErrUseLastResponse // there is no such application
		}
		return nil
	}
	return &pageBrowser{t: s.t, client: &client, language: "en"}
}

// open goes to a path of the realm, or to a URL.
func (b *pageBrowser) open(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = issuer + address
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(r)
}

// submit fills in the form with an action, its own or a button's, and sends it;
// what is not filled in goes as it stands. The value "" of a button's name presses it.
func (b *pageBrowser) submit(action string, values map[string]string) {
	b.t.Helper()
	form := b.form(action)
	data := url.Values{}
	for n := range form.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "input" && attribute(n, "type") == "checkbox":
			if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "checked" }) {
				data.Add(attribute(n, "name"), attribute(n, "value"))
			}
		case n.Data == "input":
			data.Set(attribute(n, "name"), attribute(n, "value"))
		case n.Data == "select":
			data.Set(attribute(n, "name"), chosen(n))
		}
	}
	for name, value := range values {
		if !data.Has(name) && !hasElement(form, "button", "name", name) && !hasElement(form, "input", "name", name) {
			b.t.Fatalf("the form %s has no field %s", action, name)
		}
		data.Set(name, value)
	}
	target, err := b.at.Parse(action)
	if err != nil {
		b.t.Fatal(err)
	}
	if attribute(form, "method") == "get" {
		target.RawQuery = data.Encode()
		b.open(target.String())
		return
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, target.String(), strings.NewReader(data.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	b.send(r)
}

func (b *pageBrowser) send(r *http.Request) {
	b.t.Helper()
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", b.language)
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	b.status, b.header, b.at, b.body = response.StatusCode, response.Header, response.Request.URL, readAll(b.t, response.Body)
	if b.page, err = html.Parse(strings.NewReader(b.body)); err != nil {
		b.t.Fatal(err)
	}
	if away, err := response.Location(); err == nil {
		b.away = away
		return
	}
	if b.at.Host == issuerHost && strings.HasPrefix(b.header.Get("Content-Type"), "text/html") {
		b.judge()
	}
}

// key looks like the key of a text that a catalogue does not have.
var key = regexp.MustCompile(`^[a-z-]+\.[a-z.-]+$`)

// judge looks for what no page may have or lack.
func (b *pageBrowser) judge() {
	b.t.Helper()
	if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		b.t.Errorf("%s: content security policy is %q", b.at, csp)
	}
	if b.header.Get("Cache-Control") != "no-store" || b.header.Get("Referrer-Policy") != "no-referrer" {
		b.t.Errorf("%s: headers are %v", b.at, b.header)
	}
	ids, labels := map[string]bool{}, map[string]bool{}
	for n := range b.page.Descendants() {
		if text := strings.TrimSpace(n.Data); n.Type == html.TextNode && text != issuerHost && key.MatchString(text) {
			b.t.Errorf("%s: %q has no text", b.at, n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				b.t.Errorf("%s: two elements are called %s", b.at, id)
			}
			ids[id] = true
		}
		labels[attribute(n, "for")] = true
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				b.t.Errorf("%s: <%s> has inline %s", b.at, n.Data, a.Key)
			}
		}
		if (n.Data == "script" && attribute(n, "src") == "") || n.Data == "style" {
			b.t.Errorf("%s: has an inline <%s>", b.at, n.Data)
		}
	}
	for n := range b.page.Descendants() {
		if (n.Data == "input" || n.Data == "select") && !hidden(n) && !labels[attribute(n, "id")] {
			b.t.Errorf("%s: field %s has no label", b.at, attribute(n, "name"))
		}
		if n.Data == "input" && !hidden(n) {
			b.judgeField(n)
		}
	}
}

// judgeField looks for what password managers and telephones need.
func (b *pageBrowser) judgeField(n *html.Node) {
	b.t.Helper()
	fills := attribute(n, "autocomplete")
	switch name := attribute(n, "name"); {
	case attribute(n, "type") == "password":
		if fills != "current-password" && fills != "new-password" || attribute(n, "data-show") == "" {
			b.t.Errorf("%s: password %s is filled in as %q, and can be shown as %q", b.at, name, fills, attribute(n, "data-show"))
		}
	case name == "code" && attribute(n, "id") != "backup-code":
		if fills != "one-time-code" || attribute(n, "inputmode") != "numeric" {
			b.t.Errorf("%s: a code is filled in as %q with the keys of %q", b.at, fills, attribute(n, "inputmode"))
		}
	case name == "email" || name == "name" || name == "phone":
		if fills == "" {
			b.t.Errorf("%s: nothing says what %s is filled in with", b.at, name)
		}
	}
}

// hidden reports whether a field is for programs alone.
func hidden(n *html.Node) bool {
	return attribute(n, "type") == "hidden" || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "hidden" })
}

func (b *pageBrowser) form(action string) *html.Node {
	b.t.Helper()
	for n := range b.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && (attribute(n, "action") == action || hasElement(n, "button", "formaction", action)) {
			return n
		}
	}
	b.t.Fatalf("%s has no form %s, but\n%s", b.at, action, b.text())
	return nil
}

func hasElement(within *html.Node, element, name, value string) bool {
	for n := range within.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && value != "" && attribute(n, name) == value {
			return true
		}
	}
	return false
}

// chosen is what a select says that nobody has touched.
func chosen(list *html.Node) string {
	first, any := "", false
	for n := range list.Descendants() {
		if n.Type != html.ElementNode || n.Data != "option" {
			continue
		}
		if !any {
			first, any = attribute(n, "value"), true
		}
		if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
			return attribute(n, "value")
		}
	}
	return first
}

// text is what a reader sees.
func (b *pageBrowser) text() string {
	words := []string{}
	for n := range b.page.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// sees fails the test unless the page is where and what it should be.
func (b *pageBrowser) sees(path string, status int, texts ...string) {
	b.t.Helper()
	if b.at.Path != path || b.status != status {
		b.t.Errorf("is at %s with %d, not at %s with %d:\n%s", b.at, b.status, path, status, b.text())
	}
	for _, text := range texts {
		if !strings.Contains(b.text(), text) {
			b.t.Errorf("%s does not say %q, but\n%s", b.at, text, b.text())
		}
	}
}

// link is the first link that says text.
func (b *pageBrowser) link(text string) *html.Node {
	b.t.Helper()
	for n := range b.page.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data == "a" && strings.TrimSpace(n.Data) == text {
			return n.Parent
		}
	}
	b.t.Fatalf("%s has no link %s", b.at, text)
	return nil
}

// all is the elements of a kind whose attribute has a value.
func (b *pageBrowser) all(element, name, value string) []*html.Node {
	found := []*html.Node{}
	for n := range b.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && attribute(n, name) == value {
			found = append(found, n)
		}
	}
	return found
}

// find is the first element of a kind whose attribute has a value.
func (b *pageBrowser) find(element, name, value string) *html.Node {
	b.t.Helper()
	for n := range b.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && attribute(n, name) == value {
			return n
		}
	}
	b.t.Fatalf("%s has no <%s %s=%q>", b.at, element, name, value)
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

func (b *pageBrowser) signIn(email, password string) {
	b.t.Helper()
	b.open("/signin")
	b.submit("/signin", map[string]string{"email": email, "password": password})
}
