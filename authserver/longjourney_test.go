// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// wayIn is a way to sign in that leaves the realm's pages for a while.
type wayIn func(r *realm, b *pageBrowser)

func waysThatLeave() map[string]wayIn {
	return map[string]wayIn{
		"through a provider": func(_ *realm, b *pageBrowser) { b.click("Continue with elsewhere") },
		"as a newcomer": func(r *realm, b *pageBrowser) {
			b.click("Create an account")
			b.submit("/register", map[string]string{"email": annEmail, "password": annPassword})
			b.openMailed(r.lastLetter(annEmail, auth.VerifyEmailMessage))
			b.submit("", map[string]string{"password": annPassword})
			b.click(b.onlyButton())
			b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
		},
		"with a new password": func(r *realm, b *pageBrowser) {
			b.click("Forgot password?")
			b.submit("/forgot", map[string]string{"email": adminEmail})
			b.openMailed(r.lastLetter(adminEmail, auth.ResetPasswordMessage))
			b.submit("", map[string]string{"password": newPassword})
			b.click(b.onlyButton())
			b.submit("/signin", map[string]string{"email": adminEmail, "password": newPassword})
		},
	}
}

// newRealmOfAllWays has a client, an application of its own, a provider and mail.
func newRealmOfAllWays(t *testing.T, redis string) *realm {
	t.Helper()
	suite.secrets.used(annEmail, annPassword, newPassword)
	r := newRealmOn(t, suite.postgres.Database(t), redis)
	r.sendsMail()
	u := newUpstream(t)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Config.Browser.VerifyEmailURL, r.Config.Browser.ResetPasswordURL = issuer+"/verify-email/{token}", issuer+"/reset/{token}"
	r.Config.Registration.Mode = realmconfig.Open
	r.Clients = []realmconfig.Client{newWebClient()}
	suite.secrets.used(shopSecret)
	r.Update()
	return r
}

// A request as long as any that is taken comes back from every way.
func TestLongJourneysEndAtTheApplication(t *testing.T) {
	t.Parallel()
	for name, way := range waysThatLeave() {
		for kind, lengthen := range map[string]func(address string) string{
			"in letters": func(address string) string { return address + strings.Repeat("a", 3400) },
			"in characters that may be escaped thrice": func(address string) string { return address + strings.Repeat(":", 3400) },
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRealmOfAllWays(t, testenv.RedisURL(t))
				s := r.serve()
				b, f := s.newPageBrowser(), s.newApplication(r.Clients[0], "openid", "email").newFlow()
				address := lengthen(f.address(param("nonce", f.nonce)) + "&login_hint=")
				if query := address[strings.Index(address, "?"):]; len(query) < 3500 {
					t.Fatalf("the request has %d bytes", len(query))
				}
				b.open(address)
				b.sees("/signin", http.StatusOK)
				way(r, b)
				f.exchange(f.code(b))
			})
		}
	}
}

func TestTheOlderHandOverComesBackFromEveryWay(t *testing.T) {
	t.Parallel()
	for name, way := range waysThatLeave() {
		for length, returnTo := range map[string]string{"short": appURL + "inbox?tab=2", "long": appURL + "inbox?state=" + strings.Repeat("s", 1800)} {
			t.Run(name+", "+length, func(t *testing.T) {
				t.Parallel()
				r := newRealmOfAllWays(t, testenv.RedisURL(t))
				s := r.serve()
				b, verifier := s.newPageBrowser(), oauth2.GenerateVerifier()
				b.open("/signin?" + url.Values{"return_to": {returnTo}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}.Encode())
				b.sees("/signin", http.StatusOK)
				way(r, b)
				if b.away == nil || !strings.HasPrefix(b.away.String(), appURL+"inbox?") {
					t.Fatalf("the browser is at %s, sent to %v", b.at, b.away)
				}
				query := b.away.Query()
				code := query.Get("code")
				query.Del("code")
				if want, _ := url.Parse(returnTo); query.Encode() != want.Query().Encode() {
					t.Errorf("the application is brought %v", query)
				}
				suite.secrets.used(code, verifier)
				s.tokensOf(s.post("/api/auth/oauth/token", map[string]string{"code": code, "code_verifier": verifier}))
			})
		}
	}
}

// Without Redis, and in another browser, nobody knows who has sent them: they are told, and
// what they came for is done.
func TestAMailReadElsewhereEndsWithAClearPage(t *testing.T) {
	t.Parallel()
	const back = "go back to it and sign in there"
	for name, c := range map[string]struct {
		redis  string
		state  string
		reader func(s *server, b *pageBrowser) *pageBrowser
	}{
		"in another browser":                         {testenv.RedisURL(t), "short", func(s *server, _ *pageBrowser) *pageBrowser { return s.newPageBrowser() }},
		"a long journey, while Redis is away":        {"redis://127.0.0.1:1/0", strings.Repeat("long", 900), func(_ *server, b *pageBrowser) *pageBrowser { return b }},
		"a long journey, in another browser as well": {testenv.RedisURL(t), strings.Repeat("long", 900), func(s *server, _ *pageBrowser) *pageBrowser { return s.newPageBrowser() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfAllWays(t, c.redis)
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(r.Clients[0], "openid").newFlow()
			f.state = c.state
			b.open(f.address())
			b.click("Create an account")
			b.submit("/register", map[string]string{"email": annEmail, "password": annPassword})
			reader := c.reader(s, b)
			reader.openMailed(r.lastLetter(annEmail, auth.VerifyEmailMessage))
			reader.submit("", map[string]string{"password": annPassword})
			reader.sees(reader.at.Path, http.StatusOK, "Address confirmed", back)
			reader.click(reader.onlyButton())
			if reader.away != nil {
				t.Errorf("the browser is sent to %s", reader.away)
			}
		})
	}
}

// Whoever can write to Redis cannot send anybody elsewhere.
func TestAJourneyIsNotChangedInRedis(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOfAllWays(t, redis.URL())
	s := r.serve()
	for name, tamper := range map[string]func(mine, others string) string{
		"another's journey": func(_, others string) string { return others },
		"noise":             func(string, string) string { return "noise" },
		"cut short":         func(mine, _ string) string { return mine[:len(mine)-1] },
	} {
		b, others := s.newPageBrowser(), s.newPageBrowser()
		for _, each := range []*pageBrowser{others, b} {
			f := s.newApplication(r.Clients[0], "openid").newFlow()
			f.state = strings.Repeat("long", 900)
			each.open(f.address())
			each.click("Forgot password?")
			each.submit("/forgot", map[string]string{"email": adminEmail})
		}
		client := newIntruder(t, r, redis.URL()).client
		keys, err := client.Keys(t.Context(), "*:journey:*").Result()
		if err != nil || len(keys) < 2 {
			t.Fatalf("Redis has %q, %v", keys, err)
		}
		values := []string{}
		for _, k := range keys {
			value, err := client.Get(t.Context(), k).Result()
			if err != nil {
				t.Fatal(err)
			}
			if ttl := client.TTL(t.Context(), k).Val(); ttl <= 0 || ttl > time.Hour {
				t.Errorf("a journey is kept for %s", ttl)
			}
			values = append(values, value)
		}
		for i, k := range keys {
			if err := client.Set(t.Context(), k, tamper(values[i], values[(i+1)%len(values)]), time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
		}
		b.openMailed(r.lastLetter(adminEmail, auth.ResetPasswordMessage))
		b.submit("", map[string]string{"password": newPassword})
		t.Log(name)
		b.sees(b.at.Path, http.StatusOK, "go back to it and sign in there")
		redis.Flush(t)
	}
}

// A provider that recognises somebody beside the journey has asked them nothing.
func TestASignInAgainBelongsToItsJourney(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC), u.provider("plain", realmconfig.OAuth2))
	s := r.serve()
	a := s.newApplication(c, "openid")
	for name, again := range map[string]string{"prompt": "login", "max_age": "60"} {
		for _, provider := range []string{"elsewhere", "plain"} {
			b, f := s.newPageBrowser(), a.newFlow()
			b.open(f.address())
			b.click("Continue with " + provider)
			f.exchange(f.code(b))
			r.Clock.Advance(2 * time.Minute)

			f = a.newFlow()
			b.open(f.address(param(name, again)))
			b.sees("/signin", http.StatusOK)
			resume := "/oauth2/resume?" + url.Values{"journey": {b.at.Query().Get("journey")}}.Encode()
			asked := b.at.String()
			b.open("/signin/with/" + provider) // beside the journey, and without a word
			b.sees("/account", http.StatusOK)
			b.open(resume)
			b.sees("/signin", http.StatusOK)
			if b.away != nil {
				t.Fatalf("%s at %s: answered by whom the provider has recognised", name, provider)
			}
			b.open(asked)
			b.click("Continue with " + provider)
			again := f.exchange(f.code(b))
			if at := int64(again.claims["auth_time"].(float64)); r.Clock.Now().Unix()-at > 60 {
				t.Errorf("%s at %s: auth_time is %d", name, provider, at)
			}
			if wanted := map[string]string{"elsewhere": "0", "plain": ""}[provider]; u.lastAsked().Get("max_age") != wanted {
				t.Errorf("%s was asked %v", provider, u.lastAsked())
			}
		}
	}
}

// The answer of a provider that was not asked is not passed off as one that was.
func TestARecognisedUserDoesNotAnswerAJourneyByHand(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	s := r.serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	b.open("/signin/with/elsewhere")
	b.sees("/account", http.StatusOK)
	b.open(f.address(param("prompt", "login")))
	journey := b.at.Query().Get("journey")
	check := b.client.CheckRedirect
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Path == "/signin/return" {
			query := r.URL.Query()
			query.Set("journey", journey)
			r.URL.RawQuery = query.Encode()
		}
		return check(r, via)
	}
	b.open("/signin/with/elsewhere")
	b.sees("/signin", http.StatusOK)
	if b.away != nil {
		t.Error("the application is answered")
	}
}
