// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const parPath = "/oauth2/par"

// mustPush makes a client one that pushes its requests.
func mustPush(c *realmconfig.Client) { c.PushedAuthorizationRequests = realmconfig.Required }

// asked is what the flow asks for.
func (f *flow) asked() url.Values {
	f.a.s.t.Helper()
	at, err := url.Parse(f.address())
	if err != nil {
		f.a.s.t.Fatal(err)
	}
	return at.Query()
}

// push tells the realm by itself what the flow asks for, changed.
func (f *flow) push(change ...func(url.Values)) answer {
	f.a.s.t.Helper()
	values := f.asked()
	for _, c := range change {
		c(values)
	}
	return f.a.ask(parPath, values)
}

// pushed is where the application sends a browser with a request that it has pushed.
func (f *flow) pushed(change ...func(url.Values)) string {
	f.a.s.t.Helper()
	return f.brings(f.requestURI(f.push(change...)))
}

// requestURI is what a pushed request is called.
func (f *flow) requestURI(a answer) string {
	f.a.s.t.Helper()
	got := struct {
		RequestURI string  `json:"request_uri"`
		ExpiresIn  float64 `json:"expires_in"`
	}{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != http.StatusCreated || got.ExpiresIn != 60 ||
		!strings.HasPrefix(got.RequestURI, "urn:ietf:params:oauth:request_uri:") || a.Header.Get("Cache-Control") != "no-store" {
		f.a.s.t.Fatalf("a pushed request is answered %d %s", a.Status, a.Body)
	}
	return got.RequestURI
}

// brings is where a browser is sent with a request_uri and nothing else.
func (f *flow) brings(requestURI string) string {
	return "/oauth2/authorize?" + url.Values{"client_id": {f.a.config.ClientID}, "request_uri": {requestURI}}.Encode()
}

func TestAPushedRequestSignsPeopleIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]realmconfig.Client{
		"a confidential client": newWebClient(), "a public one": newWebClient(publicClient), "one that must": newWebClient(mustPush),
		"one that asks people": newWebClient(mustPush, func(c *realmconfig.Client) { c.Consent = realmconfig.AskConsent }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfClients(t, c)
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email").newFlow()
			b.open(f.pushed() + "&scope=openid+groups&state=forged&redirect_uri=https%3A%2F%2Fevil.example.com&prompt=none")
			b.sees("/signin", http.StatusOK)
			r.Clock.Advance(10 * time.Minute)
			b.open(b.at.String()) // loaded again
			b.sees("/signin", http.StatusOK)
			b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
			if c.Consent == realmconfig.AskConsent {
				b.open(b.at.String())
				b.submit("/oauth2/decision", map[string]string{"answer": "allow"})
			}
			h := f.exchange(f.code(b))
			if h.claims["email"] != adminEmail || h.claims["groups"] != nil {
				t.Errorf("the ID token is %v", h.claims)
			}
			again := s.newApplication(c, "openid").newFlow()
			b.open(again.pushed()) // at once: nobody is asked
			again.exchange(again.code(b))
		})
	}
}

// A page that stands at the end of a pushed request is no dead end: it is another address
// that was opened once.
func TestAPageBehindAPushedRequestCanBeLoadedAgain(t *testing.T) {
	t.Parallel()
	c := newWebClient(func(c *realmconfig.Client) { c.Consent = realmconfig.AskConsent })
	r := newRealmOfClients(t, c)
	s := r.serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.signIn(adminEmail, adminPassword)
	first := f.pushed()
	b.open(first)
	for range 2 {
		b.sees("/oauth2/resume", http.StatusOK, c.DisplayName)
		b.open(b.at.String())
	}
	page := b.at.String()
	r.Clock.Advance(time.Hour + time.Minute) // a client does not wait for ever
	b.open(page)
	b.sees("/oauth2/resume", http.StatusBadRequest, "no longer good")
	b.open(first)
	b.sees("/oauth2/authorize", http.StatusBadRequest, "no longer good")
}

func TestAClientThatMustPushDoesNothingElse(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.open(f.address())
	before := b.at.String() // a sign-in that has begun with a plain request
	mustPush(&r.Clients[0])
	mark := s.Report().ClientRevisions
	r.Update()
	s.eventually("the client must push", func() bool {
		return len(s.Report().ClientRevisions) > 0 && !sameRevisions(mark, s.Report().ClientRevisions)
	})
	for what, at := range map[string]string{"a plain request": f.address(), "a plain request of before": before} {
		other := s.newPageBrowser()
		other.open(at)
		if other.away == nil {
			other.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
		}
		if got := f.answered(other); got.Get("error") != "invalid_request" || !strings.Contains(got.Get("error_description"), "pushed_authorization_request_endpoint") {
			t.Errorf("%s is answered %v", what, got)
		}
	}
	b = s.newPageBrowser()
	b.open(f.pushed())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	f.exchange(f.code(b))
}

func sameRevisions(a, b map[int]string) bool {
	for n, revision := range a {
		if b[n] != revision {
			return false
		}
	}
	return len(a) == len(b)
}

// What a browser would be sent back with, a client that pushes is told at once.
func TestWhatIsWrongWithAPushedRequestIsTold(t *testing.T) {
	t.Parallel()
	c, public := newWebClient(), newWebClient(publicClient, func(c *realmconfig.Client) { c.ID = "apps.page" })
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	r.Clients = []realmconfig.Client{c, public}
	r.Update()
	suite.secrets.used(shopSecret)
	s := r.serve()
	set := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
	for name, w := range map[string]struct {
		client realmconfig.Client
		change func(url.Values)
		status int
		code   string
	}{
		"another address":              {c, set("redirect_uri", appURL+"elsewhere"), 400, "invalid_request"},
		"no address":                   {c, func(v url.Values) { v.Del("redirect_uri") }, 400, "invalid_request"},
		"a token at once":              {c, set("response_type", "token"), 400, "unsupported_response_type"},
		"no response_type":             {c, func(v url.Values) { v.Del("response_type") }, 400, "invalid_request"},
		"a page without PKCE":          {public, func(v url.Values) { v.Del("code_challenge"); v.Del("code_challenge_method") }, 400, "invalid_request"},
		"the challenge itself":         {c, set("code_challenge_method", "plain"), 400, "invalid_request"},
		"another one's resource":       {c, set("resource", "https://elsewhere.example.com"), 400, "invalid_target"},
		"an ID token of somebody else": {c, set("id_token_hint", "e30.e30.e30"), 400, "invalid_request"},
		"claims that are none":         {c, set("claims", "[]"), 400, "invalid_request"},
		"a scope that is none":         {c, set("scope", `"`), 400, "invalid_scope"},
		"an unknown prompt":            {c, set("prompt", "dance"), 400, "invalid_request"},
		"a request object":             {c, set("request", "e30.e30."), 400, "request_not_supported"},
		"another pushed request":       {c, set("request_uri", "urn:ietf:params:oauth:request_uri:x"), 400, "invalid_request"},
		"a parameter twice":            {c, func(v url.Values) { v.Add("nonce", "again") }, 400, "invalid_request"},
		"more than an address may be":  {c, set("login_hint", strings.Repeat("a", 4<<10)), 413, "invalid_request"},
		"another client's id":          {c, set("client_id", public.ID), 400, "invalid_request"},
	} {
		a := s.newApplication(w.client, "openid")
		t.Log(name)
		refused(t, a.newFlow().push(w.change), w.status, w.code)
	}
	wrong := s.newApplication(c, "openid")
	wrong.config.ClientSecret = wrongPassword
	refused(t, wrong.newFlow().push(), http.StatusUnauthorized, "invalid_client")
	if kept := newIntruder(t, r, cache.URL()).keys("pushed:"); len(kept) != 0 {
		t.Errorf("kept is %q", kept)
	}
}

// opens is what somebody without cookies is answered at an address, by itself.
func (s *server) opens(method, address string) (status int, to string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, issuer+address, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	client := *s.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, response.Header.Get("Location")
}

func TestAPushedRequestIsGoodOnceForItsClient(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(), newWebClient(func(c *realmconfig.Client) { c.ID = "apps.other" })
	r := newRealmOfClients(t, c, other)
	s := r.serve()
	f, stranger := s.newApplication(c, "openid").newFlow(), s.newApplication(other, "openid").newFlow()
	goesOn := func(address string) bool {
		t.Helper()
		status, to := s.opens(http.MethodGet, address)
		if on := status == http.StatusSeeOther && strings.HasPrefix(to, "/oauth2/resume?"); on || status == http.StatusBadRequest && to == "" {
			return on
		}
		t.Fatalf("answered %d, sent to %q", status, to)
		return false
	}
	for name, spoil := range map[string]func() string{
		"a second time": func() string {
			address := f.pushed()
			if !goesOn(address) {
				t.Error("the first time is refused")
			}
			return address
		},
		"as another client":    func() string { return stranger.brings(f.requestURI(f.push())) },
		"as no client":         func() string { return strings.Replace(f.pushed(), "client_id=", "client=", 1) },
		"as two clients":       func() string { return f.pushed() + "&client_id=" + other.ID },
		"with another one":     func() string { return f.pushed() + "&request_uri=x" },
		"a minute later":       func() string { a := f.pushed(); r.Clock.Advance(time.Minute); return a },
		"cut short":            func() string { a := f.pushed(); return a[:len(a)-1] },
		"noise":                func() string { return f.brings("urn:ietf:params:oauth:request_uri:" + strings.Repeat("x", 2000)) },
		"nothing":              func() string { return f.brings("urn:ietf:params:oauth:request_uri:") },
		"one that nobody made": func() string { return f.brings("urn:ietf:params:oauth:request_uri:rkp_" + strings.Repeat("A", 43)) },
	} {
		if address := spoil(); goesOn(address) {
			t.Errorf("%s, it is good", name)
		}
	}
	address := f.pushed()
	if status, _ := s.opens(http.MethodHead, address); status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD is answered %d", status)
	}
	if !goesOn(address) {
		t.Error("HEAD has used it up")
	}
	address = f.pushed()
	if winners := race.Winners(50, func(int) bool { return goesOn(address) }, func(on bool) bool { return on }); len(winners) != 1 {
		t.Errorf("%d of 50 have gone on", len(winners))
	}
}

func TestPushedRequestsNeedRedis(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.Clients = []realmconfig.Client{c}
	r.Update()
	suite.secrets.used(shopSecret)
	s := r.serve()
	f := s.newApplication(c, "openid").newFlow()
	a := f.push()
	refused(t, a, http.StatusServiceUnavailable, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" {
		t.Error("nobody knows when to come back")
	}
	if status, to := s.opens(http.MethodGet, f.brings("urn:ietf:params:oauth:request_uri:rkp_"+strings.Repeat("A", 43))); status != http.StatusBadRequest || to != "" {
		t.Errorf("a pushed request is answered %d, sent to %q", status, to)
	}
	f.signIn(s.newPageBrowser()) // a plain one needs no Redis
}

// Whoever can read and write Redis learns of no request, changes none, and brings none back.
func TestAPushedRequestIsNotChangedInRedis(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	r.Clients = []realmconfig.Client{c}
	r.Update()
	suite.secrets.used(shopSecret)
	s := r.serve()
	i, f := newIntruder(t, r, cache.URL()), s.newApplication(c, "openid").newFlow()
	forged := hostile()
	address := f.pushed()
	others := i.keys("pushed:apps")
	for _, key := range i.keys("pushed:") {
		value := i.read(key)
		if strings.Contains(value, "redirect_uri") || strings.Contains(address, strings.TrimPrefix(key, "pushed:")) {
			t.Errorf("Redis tells of a request: %q is %q", key, value)
		}
		if ttl := i.client.TTL(t.Context(), i.prefix+key).Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("a request is kept for %s", ttl)
		}
		forged["another request"] = value
	}
	if len(others) != 0 || len(i.keys("pushed:")) != 1 {
		t.Fatalf("Redis has %q", i.keys(""))
	}
	s.opens(http.MethodGet, address)
	for name, value := range forged {
		address := f.pushed()
		key := i.keys("pushed:")[0]
		i.write(key, value)
		if status, to := s.opens(http.MethodGet, address); status != http.StatusBadRequest || to != "" {
			t.Errorf("%s is answered %d, sent to %q", name, status, to)
		}
		cache.Flush(t)
	}
	address = f.pushed()
	key := i.keys("pushed:")[0]
	value := i.read(key)
	s.opens(http.MethodGet, address)
	i.set(key, value)
	r.Clock.Advance(time.Minute)
	if status, to := s.opens(http.MethodGet, address); status != http.StatusBadRequest || to != "" {
		t.Errorf("one that was put back is answered %d, sent to %q", status, to)
	}
}
