// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// asksPasskey is what the page's script does before the authenticator answers.
func (b *pageBrowser) asksPasskey(path string, values url.Values) (flow string, c ceremony) {
	b.t.Helper()
	b.sendForm(path, values)
	answer := struct {
		Flow    string
		Options json.RawMessage
	}{}
	if err := json.Unmarshal([]byte(b.body), &answer); err != nil || b.status != http.StatusOK || b.header.Get("Cache-Control") != "no-store" {
		b.t.Fatalf("%s answered %d %s", path, b.status, b.body)
	}
	if err := json.Unmarshal(answer.Options, &c.Options); err != nil {
		b.t.Fatal(err)
	}
	return answer.Flow, c
}

// sendForm sends what a script has put together.
func (b *pageBrowser) sendForm(path string, values url.Values) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, issuer+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	b.send(r)
}

func TestPagesBindAPasskeyToTheirBrowser(t *testing.T) {
	t.Parallel()
	_, s := newPasskeyRealm(t)
	d := newDevice(t)
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	mine, another := s.newPageBrowser(), s.newPageBrowser()
	mine.open("/signin")
	if csp := mine.header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self';") || !strings.Contains(mine.body, "username webauthn") {
		t.Errorf("the page is\n%s\n%s", csp, mine.body)
	}
	flow, c := mine.asksPasskey("/signin/passkey/begin", nil)
	shown := url.Values{"flow": {flow}, "credential": {d.get(c)}}
	another.sendForm("/signin/passkey", shown)
	if another.status != http.StatusBadRequest || !strings.Contains(another.body, "The passkey was not accepted") {
		t.Errorf("another browser is answered %d at %s", another.status, another.at)
	}
	mine.sendForm("/signin/passkey", shown)
	if mine.status != http.StatusOK || mine.at.Path != "/account" {
		t.Errorf("is at %s with %d", mine.at, mine.status)
	}
	mine.sendForm("/signin/passkey", shown)
	if mine.status != http.StatusBadRequest {
		t.Errorf("again: %d", mine.status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/signin/passkey", strings.NewReader(shown.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if mine.send(r); mine.status != http.StatusForbidden && mine.status != http.StatusBadRequest {
		t.Errorf("a form of another site is answered %d", mine.status)
	}
}

func TestPagesSetAPasskeyUp(t *testing.T) {
	t.Parallel()
	_, s := newPasskeyRealm(t)
	d := newDevice(t)
	b := s.newPageBrowser()
	b.open("/signin")
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	b.submit("/account/passkeys", nil)
	c := ceremony{}
	if err := json.Unmarshal([]byte(attribute(b.form("/account/passkeys/finish"), "data-create")), &c.Options); err != nil {
		t.Fatal(err)
	}
	b.submit("/account/passkeys/finish", map[string]string{"credential": d.create(c), "name": ""})
	if b.status != http.StatusBadRequest || !strings.Contains(b.body, "The passkey needs a name") {
		t.Errorf("without a name: %d at %s", b.status, b.at)
	}
	b.submit("/account/passkeys", nil)
	if err := json.Unmarshal([]byte(attribute(b.form("/account/passkeys/finish"), "data-create")), &c.Options); err != nil {
		t.Fatal(err)
	}
	b.submit("/account/passkeys/finish", map[string]string{"credential": d.create(c), "name": "<b>My key</b>"})
	if b.status != http.StatusOK || !strings.Contains(b.body, "&lt;b&gt;My key&lt;/b&gt;") {
		t.Errorf("is at %s with %d:\n%s", b.at, b.status, b.body)
	}
}

func TestPagesTakeASecurityKeyAfterThePassword(t *testing.T) {
	t.Parallel()
	_, s := newPasskeyRealm(t)
	d := newDevice(t)
	d.flags = userPresent
	suite.secrets.used(s.setUpPasskey(s.loginAnn(annPassword).Access, d).BackupCodes...)
	b := s.newPageBrowser()
	b.open("/signin")
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	form := b.form("/signin/code/passkey")
	values := url.Values{}
	for n := range form.Descendants() {
		if n.Data == "input" {
			values.Set(attribute(n, "name"), attribute(n, "value"))
		}
	}
	flow, c := b.asksPasskey("/signin/code/passkey/begin", values)
	values.Set("flow", flow)
	values.Set("credential", newDevice(t).get(c))
	b.sendForm("/signin/code/passkey", values)
	if b.status != http.StatusBadRequest || b.form("/signin/code/passkey") == nil {
		t.Errorf("another key is answered %d at %s", b.status, b.at)
	}
	flow, c = b.asksPasskey("/signin/code/passkey/begin", values)
	values.Set("flow", flow)
	values.Set("credential", d.get(c))
	b.sendForm("/signin/code/passkey", values)
	if b.status != http.StatusOK || b.at.Path != "/account" {
		t.Errorf("is at %s with %d", b.at, b.status)
	}
}
