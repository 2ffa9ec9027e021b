// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// hostilePages are all pages of a realm that has everything, to an admin.
type hostilePages struct {
	t     *testing.T
	s     *server
	admin tokens
	// signedIn is when the admin did.
	signedIn time.Time
	// other is somebody whom the admin may do anything to.
	other person
	// group is one that is called as the other's address, which confirms its end, too.
	group groupAnswer
	// asked is how many addresses inOrder has made up.
	asked int
}

func newHostilePages(t *testing.T) *hostilePages {
	t.Helper()
	suite.secrets.used(marker)
	r := newRealm(t)
	r.Config.Email = &realmconfig.Email{
		From: "login@example.com", Host: "127.0.0.1", Port: 1, Security: realmconfig.NoTLS, AllowPrivateNetworks: true,
		Timeout: realmconfig.Duration(time.Second), Product: "Example",
	}
	r.Config.SMS = &realmconfig.SMS{Kind: realmconfig.Webhook, URL: "https://sms.invalid", Timeout: realmconfig.Duration(time.Second)}
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Config.Login.Lockout.Failures, r.Config.TwoFactor.Failures = 100, 100
	r.Update()
	s := r.serve()
	p := &hostilePages{t: t, s: s, admin: s.login()}
	p.other = s.createUser(p.admin.Access, "other@example.com", "user")
	p.group = s.createGroup(p.admin.Access, p.other.Email)
	return p
}

// pattern is an address that the pages answer.
type pattern struct{ method, path string }

// patterns asks the pages themselves.
func (p *hostilePages) patterns() []pattern {
	p.t.Helper()
	pages, err := web.New(web.Deps{})
	if err != nil {
		p.t.Fatal(err)
	}
	list := []pattern{}
	for _, page := range pages.Pages() {
		method, path, _ := strings.Cut(page.Pattern, " ")
		list = append(list, pattern{method, strings.TrimSuffix(path, "{$}")})
	}
	if len(list) < 50 {
		p.t.Fatalf("there are %d pages", len(list))
	}
	return list
}

var fieldName = regexp.MustCompile(`<(?:input|select|button)[^>]* name="([a-z_]+)"`)

// fields are the names that stand in any form, and those of addresses alone.
func (p *hostilePages) fields() []string {
	p.t.Helper()
	files, err := filepath.Glob("internal/web/templates/*.html")
	more, err2 := filepath.Glob("internal/web/templates/parts/*.html")
	if err = cmp.Or(err, err2); err != nil {
		p.t.Fatal(err)
	}
	names := map[string]bool{"before": true, "saved": true, "error": true, "return_to": true, "code_challenge": true, "again": true, marker: true}
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, match := range fieldName.FindAllStringSubmatch(string(text), -1) {
			names[match[1]] = true
		}
	}
	if len(names) < 25 {
		p.t.Fatalf("found the fields %v", names)
	}
	return slices.Sorted(maps.Keys(names))
}

// inOrder is what leads deep into the pages. Nothing in it is hashed, which would
// take most of the time.
func (p *hostilePages) inOrder() url.Values {
	p.asked++
	return url.Values{
		"email": {fmt.Sprintf("somebody-%d@example.com", p.asked)}, "code": {"123456"}, "name": {"Ann"},
		"locale": {"de"}, "role": {"user"}, "phone": {"+49 30 901820"}, "provider": {"dex"}, "language": {"en"}, "back": {"/account"},
		"confirm": {"other@example.com"}, "codes": {"abcd-efgh"}, "methods": {"totp"}, "url": {"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"},
		"again": {"yes"}, "q": {"a"}, "status": {"active"}, "action": {"login"}, "from": {"2026-01-31"}, "to": {"2026-01-31"},
		"session_id": {"rkc_" + strings.Repeat("A", 43)},
	}
}

// path fills in the parts of a pattern, the last of them with a value.
func (p *hostilePages) path(path, value string) string {
	id := p.other.ID
	if strings.Contains(path, "/groups/") {
		id = p.group.ID
	}
	if value != "" {
		id = value
	}
	return regexp.MustCompile(`{[a-z]+}`).ReplaceAllString(path, id)
}

// send asks one page, and fails the test where that is a fault of ours.
func (p *hostilePages) send(method, address string, form url.Values, header http.Header, what string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, issuer+address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatalf("%s %s: %s: %v", method, address, what, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Cookie", "__Host-rk-access="+p.admin.Access+"; __Host-rk-session="+p.admin.Refresh)
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := p.s.HTTP.Transport.RoundTrip(r)
	if err != nil {
		p.t.Fatalf("%s %s: %s: %v", method, address, what, err)
	}
	body := readAll(p.t, response.Body)
	_ = response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError {
		p.t.Errorf("%s %s: %s: answered %d %.300s", method, address, what, response.StatusCode, body)
	}
	if response.Header.Get("Set-Cookie") == "admin=1" || strings.Contains(body, "<script>"+marker) {
		p.t.Errorf("%s %s: %s: something was injected", method, address, what)
	}
}

// signInAgain is for pages that end the session, or count guesses. A login costs
// a hash, which is spared where the session is as it was and proves enough.
func (p *hostilePages) signInAgain() {
	p.t.Helper()
	p.s.realm.Exec("DELETE FROM attempts")
	if time.Since(p.signedIn) < longAgo/2 && p.s.profile(p.admin.Access).Status == http.StatusOK && query[bool](p.s.realm,
		"SELECT EXISTS (SELECT FROM refresh_tokens WHERE hash = sha256($1) AND rotated_at IS NULL)", []byte(p.admin.Refresh)) {
		return
	}
	p.admin, p.signedIn = p.s.login(), time.Now()
}

// pageTexts are hostile to forms and addresses, of which some reach only those
// who have a session.
func pageTexts() map[string]string {
	return map[string]string{
		"SQL":              marker + `'; DROP TABLE users; --`,
		"header":           marker + "\r\nSet-Cookie: admin=1\r\n\r\n<html>",
		"HTML":             `<script>` + marker + `</script>`,
		"NUL":              marker + "\x00",
		"invalid UTF-8":    marker + "\xff\xfe",
		"half a character": strings.Repeat("a", 199) + "ü", // where a name would be cut
		"far too long":     marker + strings.Repeat("A", 5_000),
		"another UUID":     "urn:uuid:0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10",
		"a UUID in braces": "{0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10}",
		"a year far off":   "9999-12-31",
		"a cursor":         "MCAwMTk4YzljNC02ZjBhLTdjM2UtOWIxZC0yZjVhOGU3ZDRjMTA",
		"an address":       "adm\u0130n@\u0130nternal.example",
	}
}

func TestEveryPageWithstandsHostileForms(t *testing.T) {
	t.Parallel()
	p := newHostilePages(t)
	texts, fields := pageTexts(), p.fields()
	for _, page := range p.patterns() {
		if page.method != http.MethodPost {
			continue
		}
		p.signInAgain()
		address := p.path(page.path, "")
		for _, name := range fields {
			for _, kind := range []string{"SQL", "NUL", "invalid UTF-8", "half a character", "another UUID", "an address"} {
				text := texts[kind]
				form := p.inOrder()
				form.Set(name, text)
				p.send(page.method, address, form, nil, name+" is hostile: "+kind)
			}
		}
		for kind, text := range texts {
			form := url.Values{}
			for name := range p.inOrder() {
				form.Set(name, text)
			}
			p.send(page.method, address, form, nil, "everything is hostile: "+kind)
		}
	}
}

func TestEveryPageWithstandsHostileAddresses(t *testing.T) {
	t.Parallel()
	p := newHostilePages(t)
	texts, fields := pageTexts(), p.fields()
	for _, page := range p.patterns() {
		p.signInAgain()
		for kind, text := range texts {
			if strings.Contains(page.path, "{") {
				p.send(page.method, p.path(page.path, url.PathEscape(text)), p.inOrder(), nil, "the path is hostile: "+kind)
			}
			for _, name := range fields {
				if page.method == http.MethodPost && name != "before" {
					continue // pages read nothing else beside a form
				}
				query := url.Values{name: {text}}
				if name == "code_challenge" {
					query.Set("return_to", appURL)
				}
				p.send(page.method, p.path(page.path, "")+"?"+query.Encode(), p.inOrder(), nil, name+" is hostile: "+kind)
			}
		}
		for kind, raw := range map[string]string{
			"no escape": "?q=%zz&email=%", "a semicolon": "?q=a;b", "raw bytes": "?q=\xff\xfe", "twice": "?q=a&q=%00", "no name": "?=%00&&=",
		} {
			p.send(page.method, p.path(page.path, "")+raw, p.inOrder(), nil, "the query has "+kind)
		}
	}
}

func TestEveryPageWithstandsHostileHeaders(t *testing.T) {
	t.Parallel()
	p := newHostilePages(t)
	session := func() string { return "__Host-rk-access=" + p.admin.Access + "; __Host-rk-session=" + p.admin.Refresh }
	for _, page := range p.patterns() {
		p.signInAgain()
		for kind, header := range map[string]http.Header{
			"user agent":       {"User-Agent": {marker + "\xff\xfe" + strings.Repeat("ü", 5000)}},
			"half a character": {"User-Agent": {strings.Repeat("a", 255) + "ü"}},
			"languages":        {"Accept-Language": {marker + "\xff, " + strings.Repeat("de-DE-x-a-a-a-a,", 500)}},
			"device":           {"X-Device-Token": {"rkd_" + strings.Repeat("A", 2000) + "\xff"}},
			"forwarded":        {"X-Forwarded-For": {marker + "\xff, ::1%" + marker}},
			"session":          {"Cookie": {"__Host-rk-session=rkr_" + marker + "\xff; __Host-rk-access=" + marker + "\xfe"}},
			"a broken token":   {"Cookie": {"__Host-rk-access=e30.e30." + marker + "; __Host-rk-session=" + strings.Repeat("A", 8000)}},
			"other cookies":    {"Cookie": {session() + "; __Host-rk-language=\xff\"" + marker + "; __Host-rk-verifier=\xff; __Host-rk-device=rkd_\xff; __Host-rk-oauth=%00; =; ;;"}},
			"a language":       {"Cookie": {session() + "; __Host-rk-language=" + strings.Repeat("x-", 3000)}},
			"content type":     {"Content-Type": {"multipart/form-data; boundary=" + marker}},
			"no content type":  {"Content-Type": {"\xff/;;;=" + marker}},
			"a conditional":    {"If-None-Match": {"\"" + marker}, "Range": {"bytes=" + marker}},
		} {
			p.send(page.method, p.path(page.path, ""), p.inOrder(), header, "a hostile header: "+kind)
		}
	}
}

// What the API refuses a page refuses too, in words, and before it does anything.
func TestPagesRefuseWhatTheyCannotKeep(t *testing.T) {
	t.Parallel()
	p := newHostilePages(t)
	for name, c := range map[string]struct {
		path, field, text, words string
		status                   int
	}{
		"NUL in a sign-in":       {"/signin", "email", "ann\x00@example.com", "characters that we cannot keep", 400},
		"no UTF-8 in a sign-in":  {"/signin", "email", "ann\xff@example.com", "characters that we cannot keep", 400},
		"a long address":         {"/signin", "email", strings.Repeat("a", 255), "holds more than it can take", 400},
		"a long name":            {"/account/profile", "name", strings.Repeat("a", 201), "holds more than it can take", 400},
		"a name cut in a letter": {"/account/profile", "name", strings.Repeat("a", 199) + "ü", "holds more than it can take", 400},
		"a long form":            {"/account/profile", "name", strings.Repeat("a", 20_000), "That is too long.", 400},
		"no id":                  {"/account/sessions/nonsense/end", "name", "", "There is nothing", 404},
	} {
		b := p.s.newPageBrowser()
		b.signIn(adminEmail, adminPassword)
		form := p.inOrder()
		form.Set(c.field, c.text)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+c.path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		b.send(r)
		if b.status != c.status || !strings.Contains(b.text(), c.words) {
			t.Errorf("%s: answered %d: %s", name, b.status, b.text())
		}
	}
	if name := query[string](p.s.realm, "SELECT name FROM users WHERE email = $1", adminEmail); name != "" {
		t.Errorf("the admin is called %q now", name)
	}
}
