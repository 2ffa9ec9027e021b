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
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// What is not listed is asked for nothing, however it is written.
func TestHostsThatAreNotListedAreNotAsked(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	b := s.newPageBrowser().staysHere()
	host := strings.TrimPrefix(p.origin, "https://")
	_, port, _ := strings.Cut(host, ":")
	for name, id := range map[string]string{
		"another host":         "https://evil.example.com/client.json",
		"another port":         "https://localhost/client.json",
		"an address":           "https://127.0.0.1:" + port + "/client.json",
		"upper case":           "https://LOCALHOST:" + port + "/client.json",
		"a dot behind":         "https://localhost.:" + port + "/client.json",
		"in plain":             "http://" + host + "/client.json",
		"a user":               "https://user@" + host + "/client.json",
		"a host for a user":    "https://" + host + "@evil.example.com/client.json",
		"a fragment":           p.origin + "/client.json#a",
		"a query":              p.origin + "/client.json?a=b",
		"a dot":                p.origin + "/./client.json",
		"two dots":             p.origin + "/a/../client.json",
		"two dots in disguise": p.origin + "/a/%2e%2e/client.json",
		"two slashes":          p.origin + "//client.json",
		"a backslash":          p.origin + "\\client.json",
		"no path":              p.origin,
		"an end of line":       p.origin + "/client.json\n",
		"a name below":         "https://a." + host + "/client.json",
		"too long":             p.origin + "/" + strings.Repeat("a", 255),
	} {
		f := s.newApplication(realmconfig.Client{ID: id, RedirectURIs: []string{p.origin + "/callback"}, TokenEndpointAuthMethod: realmconfig.NoAuthMethod}, "openid").newFlow()
		b.open(f.address())
		if b.away != nil || b.status != http.StatusBadRequest || !strings.Contains(b.text(), "We do not know the application") {
			t.Errorf("%s: the browser is at %s with %d, sent to %v", name, b.at, b.status, b.away)
		}
	}
	if n := p.reads(); n != 0 {
		t.Errorf("somebody was asked: %v", p.asked)
	}
}

// A name that stands for an address within, today or suddenly, leads nowhere.
func TestNoDocumentIsReadWithin(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	r.Config.Clients.AllowPrivateNetworks = false
	r.Update()
	s := r.serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid").newFlow()
	b.open(f.address())
	b.sees("/oauth2/authorize", http.StatusBadRequest, "cannot be read at present")
	refused(t, f.push(), http.StatusUnauthorized, "invalid_client")
	if n := p.reads(); n != 0 {
		t.Errorf("the server within was asked: %v", p.asked)
	}
}

// At the token endpoint, nobody has anything read.
func TestTheTokenEndpointReadsNoDocument(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	a := s.newApplication(c, "openid")
	refused(t, a.tryRefresh("rkg_none"), http.StatusUnauthorized, "invalid_client")
	refused(t, a.ask("/oauth2/revoke", url.Values{"token": {"rkg_none"}}), http.StatusUnauthorized, "invalid_client")
	refused(t, a.ask("/oauth2/device_authorization", url.Values{}), http.StatusUnauthorized, "invalid_client")
	if n := p.reads(); n != 0 {
		t.Errorf("somebody was asked: %v", p.asked)
	}
}

// A link to the realm leads nobody to a client that they have never heard of.
func TestNobodyIsSentToAClientThatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid").newFlow()
	for range 2 { // once while nobody is signed in, once while somebody is
		for _, also := range [][2]string{{"prompt", "none"}, {"response_type", "token"}, {"resource", "https://evil.example.com"}, {"code_challenge", "short"}} {
			b.away = nil
			b.open(f.address(param(also[0], also[1])))
			if b.away != nil {
				t.Errorf("with %s, the browser is sent to %s", also[0], b.away)
			}
			b.sees("/oauth2/authorize", http.StatusBadRequest, "made a request that we cannot answer")
		}
		b.signIn(adminEmail, adminPassword)
	}
	f.agreed(b)
	for _, also := range [][2]string{{"prompt", "none"}, {"response_type", "token"}} {
		b.away = nil
		b.open(f.address(param(also[0], also[1])))
		if got := f.answered(b); got.Get("error") == "" {
			t.Errorf("with %s, whom somebody has agreed to is told %v", also[0], got)
		}
	}
}

// However much strangers publish at a host, the clients there that the realm knows are read
// again.
func TestStrangersUseUpNoneOfAKnownClientsReads(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	p.listedBy(r)
	r.behindProxy()
	r.Clock.Stop()
	s := r.serve()
	pushed := func(c realmconfig.Client, source string) int {
		t.Helper()
		f := s.newApplication(c, "openid").newFlow()
		push := f.a.request(parPath, f.asked())
		push.Header.Set("X-Forwarded-For", source)
		return s.do(push).Status
	}
	pushed(c, office)
	s.Change(func(c *realmconfig.Config) { c.Network.RequestsPerMinute = 10 })
	r.Clock.Advance(time.Hour)
	for i := range 11 { // ten are read, by as many sources
		want := http.StatusCreated
		if i == 10 {
			want = http.StatusTooManyRequests
		}
		path := fmt.Sprintf("/stranger-%d.json", i)
		if got := pushed(p.publish(path), fmt.Sprintf("192.0.2.%d", i)); got != want {
			t.Errorf("stranger %d is answered %d", i, got)
		}
	}
	before := p.reads()
	if got := pushed(c, elsewhere); got != http.StatusCreated || p.reads() != before+1 {
		t.Errorf("the client is answered %d, and its document read %d times", got, p.reads()-before)
	}
}

// A refusal leaves whoever is signed in in their session, also where a refresh token is good
// for no moment longer than its first use.
func TestARefusalEndsNoSession(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	r.Config.Tokens.RefreshGracePeriod = 0
	r.Update()
	s := r.serve()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid").newFlow()
	b.signIn(adminEmail, adminPassword)
	b.open(f.address(param("prompt", "none")))
	b.sees("/oauth2/authorize", http.StatusBadRequest, "made a request that we cannot answer")
	b.open("/account")
	b.sees("/account", http.StatusOK, adminEmail)
	f.agreed(b)
	b.away = nil
	more := s.newApplication(c, "openid", "email").newFlow()
	b.open(more.address(param("prompt", "none")))
	if got := more.answered(b); got.Get("error") != "interaction_required" {
		t.Errorf("it is told %v", got)
	}
	b.open("/account")
	b.sees("/account", http.StatusOK, adminEmail)
}

// Whoever is slow keeps nobody waiting for long.
func TestADocumentThatDoesNotCome(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.answerAt("/client.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	r := p.newRealm()
	s := r.serve()
	b := s.newPageBrowser()
	b.open(s.newApplication(p.client("/client.json"), "openid").newFlow().address())
	b.sees("/oauth2/authorize", http.StatusBadRequest, "cannot be read at present")
}

// However many come at once, a document is read once; and however many clients there are,
// neither one source nor all of them have a host asked without end.
func TestNobodyIsTroubledByMany(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	c := p.publish("/client.json")
	r := p.newRealm()
	s := r.serve()
	race.Run(50, func(int) {
		if a := s.newApplication(c, "openid").newFlow().push(); a.Status != http.StatusCreated {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	if n := p.reads(); n != 1 {
		t.Errorf("the document was read %d times", n)
	}

	s.Change(func(c *realmconfig.Config) { c.Network.RequestsPerMinute = 20 })
	answers := map[int]int{}
	for i := range 5 {
		path := fmt.Sprintf("/client-%d.json", i)
		answers[s.newApplication(p.publish(path), "openid").newFlow().push().Status]++
	}
	if answers[http.StatusCreated] != 2 || answers[http.StatusTooManyRequests] != 3 || p.reads() != 3 {
		t.Errorf("one source was answered %v, and had %d documents read", answers, p.reads())
	}
}
