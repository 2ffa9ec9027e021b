// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestAClientIsKnownByItsDocument(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid", "email", "groups", "offline_access").newFlow()
	host := strings.TrimPrefix(p.origin, "https://")

	b.open(f.address())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.isAsked("Allow Agent?", "The application at "+host+" calls itself “Agent”. We have not checked that name.", "Next you go to "+host)
	if strings.Contains(b.body, "logo.png") || strings.Contains(b.text(), "groups") {
		t.Errorf("the page has the client's picture, or more than it may ask for:\n%s", b.body)
	}
	b.answers("allow")
	h := f.exchange(f.code(b))
	if h.claims["email"] != adminEmail || h.claims["groups"] != nil {
		t.Errorf("the ID token is %v", h.claims)
	}
	if got := claimsOf(t, h.AccessToken); fmt.Sprint(got["aud"]) != "["+c.ID+"]" || got["client_id"] != c.ID {
		t.Errorf("the access token is %v", got)
	}
	if a := s.userInfo(h.AccessToken); a.Status != http.StatusOK {
		t.Errorf("the userinfo endpoint answers %d %s", a.Status, a.Body)
	}
	f.refresh(h.RefreshToken)

	// Its document is read once.
	s.newApplication(c, "openid", "email").newFlow().agreed(b)
	if n := p.reads(); n != 1 {
		t.Errorf("the document was read %d times: %v", n, p.asked)
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'client.registered' AND detail = $1 AND actor_id IS NULL", c.ID); n != 1 {
		t.Errorf("%d events tell of the client", n)
	}
	if n := s.Metric(`realmkeeper_client_registrations_total{origin="document",outcome="succeeded"}`); n != "1" {
		t.Errorf("the metric says %q", n)
	}

	// Its user sees it, and ends it.
	b.open("/account")
	b.sees("/account", http.StatusOK, "Agent", c.ID)
	b.submit("/account/applications/revoke", map[string]string{"client": c.ID})
	b.sees("/account", http.StatusOK, "What you had let the application do is taken back.")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}

func TestDocumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	set := func(name string, value any) http.HandlerFunc {
		d := p.document("/client.json")
		if d[name] = value; value == nil {
			delete(d, name)
		}
		return serves(t, d, "max-age=3600")
	}
	const invalid, unreadable = "says of itself what we cannot accept", "cannot be read at present"
	inside := 0
	secret := newPublisher(t) // what only the realm's pods reach
	secret.answerAt("/", func(http.ResponseWriter, *http.Request) { inside++ })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"another client's":       {set("client_id", p.origin+"/other.json"), invalid},
		"one of the same but /":  {set("client_id", p.origin+"/client.json/"), invalid},
		"of no client":           {set("client_id", nil), invalid},
		"a secret":               {set("client_secret", "hunter2"), invalid},
		"a secret to show":       {set("token_endpoint_auth_method", "client_secret_post"), invalid},
		"a key to show":          {set("token_endpoint_auth_method", "private_key_jwt"), invalid},
		"no address":             {set("redirect_uris", nil), invalid},
		"an address of another":  {set("redirect_uris", []string{"https://evil.example.com/callback"}), invalid},
		"an address in disguise": {set("redirect_uris", []string{p.origin + "@evil.example.com/callback"}), invalid},
		"an address that runs":   {set("redirect_uris", []string{"javascript:alert(1)"}), invalid},
		"a name out of sight":    {set("client_name", "Shop\u202egnp"), invalid},
		"a long name":            {set("client_name", strings.Repeat("a", 101)), invalid},
		"another grant":          {set("grant_types", []string{"client_credentials"}), invalid},
		"another type of answer": {set("response_types", []string{"token"}), invalid},
		"a list":                 {serves(t, []any{p.document("/client.json")}, ""), invalid},
		"a number for a name":    {set("client_name", 1), invalid},
		"HTML": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			set("client_name", "Agent")(header{w}, r)
		}, unreadable},
		"a redirect to within":  {http.RedirectHandler(secret.origin+"/", http.StatusFound).ServeHTTP, unreadable},
		"a redirect to another": {http.RedirectHandler("/other.json", http.StatusMovedPermanently).ServeHTTP, unreadable},
		"nothing":               {http.NotFound, unreadable},
		"a part of it": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			set("client_name", "Agent")(w, r)
		}, unreadable},
		"five kilobytes, and more": {set("contacts", []string{strings.Repeat("a", 5<<10)}), unreadable},
		"a breakdown":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, unreadable},
		"an end before the end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte("{"))
		}, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			p.answerAt("/client.json", c.answer)
			r := p.newRealm()
			s := r.serve()
			b, f := s.newPageBrowser().staysHere(), s.newApplication(p.client("/client.json"), "openid").newFlow()
			b.open(f.address())
			if b.away != nil {
				t.Fatalf("the browser is sent to %s", b.away)
			}
			b.sees("/oauth2/authorize", http.StatusBadRequest, c.says)
			for _, inner := range []string{"localhost", "127.0.0.1", "hunter2", "evil"} {
				if strings.Contains(b.text(), inner) {
					t.Errorf("the page tells of %s:\n%s", inner, b.text())
				}
			}
			if a := f.push(); a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "invalid_client") || strings.Contains(a.Body, "localhost") {
				t.Errorf("a pushed request is answered %d %s", a.Status, a.Body)
			}
			if n := query[int](r, "SELECT count(*) FROM registered_clients"); n != 0 {
				t.Errorf("%d clients are stored", n)
			}
		})
	}
	if inside > 0 || secret.reads() > 0 {
		t.Errorf("what is within was asked %d times", secret.reads())
	}
}

// header keeps the Content-Type that it has.
type header struct{ http.ResponseWriter }

func (h header) Header() http.Header { return http.Header{} }

func TestDocumentsAreReadAgain(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json", func(d map[string]any) { d["redirect_uris"] = []string{p.origin + "/callback", p.origin + "/old"} })
	r := p.newRealm()
	r.Clock.Stop()
	s := r.serve()
	b := s.newPageBrowser().staysHere()
	b.signIn(adminEmail, adminPassword)
	old := c
	old.RedirectURIs = []string{p.origin + "/old"}
	begin := func(c realmconfig.Client) *flow {
		f := s.newApplication(c, "openid", "offline_access").newFlow()
		b.away = nil
		b.open(f.address())
		return f
	}
	allowed := func(c realmconfig.Client) (*flow, held) {
		f := begin(c)
		b.isAsked() // since this machine is every user's own
		b.answers("allow")
		return f, f.exchange(f.code(b))
	}
	f, h := allowed(old)

	// It has another document since, which is read when the first is not fresh any more.
	p.publish("/client.json")
	allowed(old)
	r.Clock.Advance(time.Hour)
	begin(old)
	b.sees("/oauth2/authorize", http.StatusBadRequest, "wants its answer at an address that we do not know")
	allowed(c)
	if n := p.reads(); n != 2 {
		t.Errorf("it was read %d times", n)
	}

	// While its server is away, what it has said makes do for a day. What it has been given is
	// good for longer.
	p.answerAt("/client.json", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	r.Clock.Advance(2 * time.Hour)
	allowed(c)
	r.Clock.Advance(22 * time.Hour)
	begin(c)
	b.sees("/oauth2/authorize", http.StatusBadRequest, "cannot be read at present")
	f.refresh(h.RefreshToken)

	// Where it is gone, it is at once.
	p.publish("/client.json")
	allowed(c)
	p.answerAt("/client.json", http.NotFound)
	r.Clock.Advance(time.Hour)
	begin(c)
	b.sees("/oauth2/authorize", http.StatusBadRequest, "cannot be read at present")
}

// Whatever its server says, a document is kept for a minute at least and a day at most.
func TestForHowLongDocumentsAreKept(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	r := p.newRealm()
	r.Clock.Stop()
	s := r.serve()
	for path, c := range map[string]struct {
		cacheControl string
		want         time.Duration
	}{
		"/nothing": {"", time.Minute}, "/no-store": {"no-store, max-age=3600", time.Minute}, "/no-cache": {"max-age=3600, no-cache", time.Minute},
		"/second": {"max-age=1", time.Minute}, "/hour": {"public, max-age=3600", time.Hour}, "/year": {"max-age=31536000, immutable", 24 * time.Hour},
		"/ever": {"max-age=99999999999999999999", 24 * time.Hour}, "/never": {"max-age=-1", time.Minute},
	} {
		p.answerAt(path, serves(t, p.document(path), c.cacheControl))
		if a := s.newApplication(p.client(path), "openid").newFlow().push(); a.Status != http.StatusCreated {
			t.Errorf("%s: answered %d %s", path, a.Status, a.Body)
		}
		if fresh := query[time.Time](r, "SELECT fresh_until FROM registered_clients WHERE id = $1", p.origin+path); fresh.Sub(r.Clock.Now().Truncate(time.Microsecond)) != c.want {
			t.Errorf("%s: it is kept for %s", path, fresh.Sub(r.Clock.Now()))
		}
	}
}

// Addresses on its user's machine are asked about each time; its document may have others,
// which are not its own.
func TestAProgramOnTheUsersMachineIsKnownByItsDocument(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json", func(d map[string]any) {
		d["redirect_uris"] = []string{"http://127.0.0.1/callback", "https://other.example.com/callback"}
	})
	r := p.newRealm()
	s := r.serve()
	b := s.newPageBrowser().staysHere()
	b.signIn(adminEmail, adminPassword)
	c.RedirectURIs = []string{"http://127.0.0.1:4711/callback"}
	for range 2 {
		f := s.newApplication(c, "openid").newFlow()
		b.away = nil
		b.open(f.address())
		b.isAsked("Go on only if you have just begun this in Agent yourself", "Next you go to 127.0.0.1:4711")
		b.answers("allow")
		f.exchange(f.code(b))
	}
	c.RedirectURIs = []string{"https://other.example.com/callback"}
	b.away = nil
	b.open(s.newApplication(c, "openid").newFlow().address())
	b.sees("/oauth2/authorize", http.StatusBadRequest, "wants its answer at an address that we do not know")
}

// An id with slashes stands in an address as one part of it.
func TestAClientIsTakenBackByItsAddress(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	s := p.newRealm().serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid", "offline_access").newFlow()
	h := f.agreed(b)
	access := s.pagesOf(b).Access
	if list := s.as(access, http.MethodGet, applicationsPath, nil); !strings.Contains(list.Body, c.ID) {
		t.Errorf("the API lists %s", list.Body)
	}
	s.as(access, http.MethodDelete, applicationsPath+"/"+url.PathEscape(c.ID), nil).Expect(t, http.StatusNoContent, "")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}

// A host that is listed no longer has no clients any more.
func TestClientsGoWithTheirHost(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid", "offline_access").newFlow()
	h := f.agreed(b)
	s.Change(func(c *realmconfig.Config) { c.Clients.MetadataDocuments.Hosts = []string{"other.example.com"} })
	if a := s.userInfo(h.AccessToken); a.Status != http.StatusUnauthorized {
		t.Errorf("its access token is good for %s", a.Body)
	}
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusUnauthorized, "invalid_client")
	b.away = nil
	b.open("/account")
	if strings.Contains(b.text(), "Agent") {
		t.Errorf("it stands on the account page:\n%s", b.text())
	}
}
