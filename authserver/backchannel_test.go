// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// Whichever way a session ends, the clients that were given tokens in it are told, each
// once, and nobody else is.
func TestClientsAreToldThatASessionHasEnded(t *testing.T) {
	t.Parallel()
	all := endings()
	all["on the pages"] = nil
	all["at the wish of an application"] = nil
	for name, end := range all {
		for kind, scopes := range map[string][]string{"": {"openid"}, "offline": {"openid", "offline_access"}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				told, other := newReceiver(t), newReceiver(t)
				c, stranger := newWebClient(told.client), newClient("apps.other", other.client)
				r := newRealmThatTells(t, c, stranger)
				s := r.serve()
				a := s.newAnn("user")
				b, f := s.newPageBrowser(), s.newApplication(c, scopes...).newFlow()
				b.open(f.address())
				b.submit("/signin", map[string]string{"email": a.user.Email, "password": strangerPassword})
				h := f.exchange(f.code(b))
				a.session = s.pagesOf(b)
				switch name {
				case "on the pages":
					b.open("/account")
					b.submit("/signout", nil)
				case "at the wish of an application":
					b.open("/oauth2/end-session?id_token_hint=" + h.Extra("id_token").(string))
					b.sees("/signed-out", http.StatusOK)
				default:
					if ended := end(s, a); ended.Status >= 300 {
						t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
					}
				}
				token := told.await(1)[0]
				said := f.a.logoutToken(token)
				if said["sid"] != h.claims["sid"] || said["sub"] != h.claims["sub"] {
					t.Errorf("the client is told %v", said)
				}
				s.eventually("nothing waits", func() bool { return r.logouts() == 0 })
				if n := len(told.await(1)); n != 1 {
					t.Errorf("the client was told %d times", n)
				}
				if n := len(other.await(0)); n != 0 {
					t.Errorf("a client that nobody has signed in at was told %d times", n)
				}
			})
		}
	}
}

// The token is what the specification says, by the client's own algorithm, and is good for
// nothing else.
func TestALogoutTokenIsNothingElse(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.RS256, realmconfig.ES256, realmconfig.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			told := newReceiver(t)
			c := newWebClient(leavable, told.client, func(c *realmconfig.Client) { c.IDTokenSigningAlg = algorithm })
			r := newRealmThatTells(t, c)
			r.Keyset = realmfolder.Keyset(append([]realmconfig.Key{realmfolder.NewKey(realmconfig.EdDSA)}, keysOf(r.Keyset)...)...)
			r.Update()
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
			f.signIn(b)
			b.open("/account")
			b.submit("/signout", nil)
			token := told.await(1)[0]
			said := f.a.logoutToken(token)
			header := map[string]any{}
			if err := json.Unmarshal(part(t, token, 0), &header); err != nil || header["typ"] != "logout+jwt" || header["alg"] != string(algorithm) {
				t.Errorf("the header is %v, %v", header, err)
			}
			names := map[string]bool{"iss": true, "sub": true, "aud": true, "iat": true, "exp": true, "jti": true, "events": true, "sid": true}
			for name := range said {
				if !names[name] {
					t.Errorf("it says %s", name)
				}
				delete(names, name)
			}
			if len(names) != 0 || said["exp"].(float64)-said["iat"].(float64) != 120 || said["aud"] != c.ID {
				t.Errorf("it says %v", said)
			}
			if events, _ := json.Marshal(said["events"]); string(events) != `{"http://schemas.openid.net/event/backchannel-logout":{}}` {
				t.Errorf("its events are %s", events)
			}

			refused(t, s.userInfo(token), http.StatusUnauthorized, "invalid_token")
			s.as(token, http.MethodGet, "/api/user/profile", nil).Expect(t, http.StatusUnauthorized, "token_invalid")
			if told := decode[map[string]any](t, f.a.ask("/oauth2/introspect", url.Values{"token": {token}}), http.StatusOK); told["active"] != false {
				t.Errorf("introspection says %v", told)
			}
			b.open("/oauth2/end-session?" + url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": c.PostLogoutRedirectURIs}.Encode())
			b.sees("/oauth2/end-session", http.StatusBadRequest)
		})
	}
}

func TestAClientIsToldAgainUntilItHasHeard(t *testing.T) {
	t.Parallel()
	elsewhere := newReceiver(t)
	for name, fail := range map[string]http.HandlerFunc{
		"it fails":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"it knows no such path": http.NotFound,
		"it sends elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.server.URL+"/logout", http.StatusTemporaryRedirect)
		},
		"it breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"it hangs":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := newReceiver(t)
			told.answerBy(fail)
			c := newWebClient(told.client)
			r := newRealmThatTells(t, c)
			r.Options.LogoutTimeout = 5 * time.Second // which the one that hangs takes twice
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
			h := f.signIn(b)
			b.open("/account")
			b.submit("/signout", nil)
			s.eventually("it was told twice", func() bool { r.hurry(); return len(told.await(1)) >= 2 })
			s.eventually("the metrics say that it must be told again", func() bool {
				return s.clientLogouts("postponed") >= 1 && s.Metric("realmkeeper_client_logouts_waiting") == "1"
			})
			told.answerBy(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			s.eventually("nothing waits", func() bool { r.hurry(); return r.logouts() == 0 })
			ids := map[any]bool{}
			for _, token := range told.await(1) {
				said := f.a.logoutToken(token)
				if ids[said["jti"]] || said["sid"] != h.claims["sid"] {
					t.Errorf("it is told %v again", said)
				}
				ids[said["jti"]] = true
			}
			if got := s.clientLogouts("delivered"); got != 1 {
				t.Errorf("%d logouts are counted as delivered", got)
			}
			if n := len(elsewhere.await(0)); n != 0 {
				t.Errorf("somebody else was told %d times", n)
			}
		})
	}
}

func TestAClientThatRefusesIsNotToldAgain(t *testing.T) {
	t.Parallel()
	told := newReceiver(t)
	told.answerBy(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	c := newWebClient(told.client)
	r := newRealmThatTells(t, c)
	s := r.serve()
	b := s.newPageBrowser()
	s.newApplication(c, "openid").newFlow().signIn(b)
	b.open("/account")
	b.submit("/signout", nil)
	told.await(1)
	s.eventually("nothing waits", func() bool { return r.logouts() == 0 })
	if got := s.clientLogouts("refused"); got != 1 || len(told.await(1)) != 1 {
		t.Errorf("%d are counted as refused, and it was told %d times", got, len(told.await(1)))
	}
}

func TestAClientIsGivenUpAfterAnHour(t *testing.T) {
	t.Parallel()
	told := newReceiver(t)
	c := newWebClient(told.client)
	r := newRealmThatTells(t, c)
	r.Config.Clients.AllowPrivateNetworks = false // nobody calls this machine then
	r.Update()
	s := r.serve()
	for range 3 {
		b := s.newPageBrowser()
		s.newApplication(c, "openid").newFlow().signIn(b)
		b.open("/account")
		b.submit("/signout", nil)
	}
	s.eventually("it is put off", func() bool { return s.clientLogouts("postponed") >= 1 })
	r.Clock.Advance(50 * time.Minute)
	before := s.clientLogouts("postponed")
	s.eventually("it is put off again", func() bool { return s.clientLogouts("postponed") > before })
	if got := r.logouts(); got != 3 {
		t.Errorf("%d logouts wait", got)
	}
	r.Clock.Advance(11 * time.Minute)
	s.eventually("it is given up", func() bool { return r.logouts() == 0 })
	s.eventually("the metrics say so", func() bool { return s.clientLogouts("abandoned") == 3 })
	if len(told.await(0)) != 0 {
		t.Error("it was told at an address in a private network")
	}
	if !strings.Contains(suite.log.String(), `"msg":"given up telling a client of sign-outs"`) {
		t.Error("the log does not say so")
	}
}

// What a client is not to be told any more is dropped, and one that was made anew hears
// nothing of the sessions of the one before.
func TestWhatAClientIsNotToldAnyMore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *realm){
		"it has no address any more": func(r *realm) { r.Clients[0].BackchannelLogoutURI = "" },
		"it was made anew":           func(r *realm) { r.Clients[0].Since = r.Clock.Now() },
		"it was deleted": func(r *realm) {
			r.Ended = []realmconfig.EndedClient{{ID: r.Clients[0].ID, At: r.Clock.Now()}}
			r.Clients = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := newReceiver(t)
			c := newWebClient(told.client)
			r := newRealmThatTells(t, c)
			s := r.serve()
			b := s.newPageBrowser()
			s.newApplication(c, "openid").newFlow().signIn(b)
			r.Clock.Advance(time.Minute)
			revision := s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)]
			change(r)
			r.Update()
			s.eventually("the client has changed", func() bool {
				return s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)] != revision
			})
			b.open("/account")
			b.submit("/signout", nil)
			s.eventually("it is dropped", func() bool { return r.logouts() == 0 && s.clientLogouts("unwanted") == 1 })
			if len(told.await(0)) != 0 {
				t.Error("it was told")
			}
		})
	}
}

// part is a decoded part of a JWT.
func part(t testing.TB, token string, i int) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
