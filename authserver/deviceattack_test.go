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
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// question is what the page's form would send.
func (b *pageBrowser) question(answer string) url.Values {
	b.t.Helper()
	return url.Values{"question": {attribute(b.find("input", "name", "question"), "value")}, "answer": {answer}}
}

// allowed are the devices that somebody has let in.
func (r *realm) allowed() int {
	r.t.Helper()
	return query[int](r, "SELECT count(*) FROM device_codes WHERE grant_id IS NOT NULL")
}

// An answer is of the user, the session and the device that were shown: whoever has somebody
// else's, or has it sent by their browser, lets nobody in.
func TestADeviceIsLetInByNobodyElsesAnswer(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	s := r.serve()
	ann, a, b, victim := s.newAnn("user"), s.newApplication(c, "openid"), s.newPageBrowser(), s.newPageBrowser()
	codes := a.device()
	b.opensDevice(devicePath, ann.user.Email, strangerPassword)
	b.types(codes.User)
	form, address := b.question("allow"), b.at.String()

	victim.signIn(adminEmail, adminPassword)
	victim.open(address) // a link to the question that the attacker was asked
	if victim.at.Path != deviceAnswerPath || len(victim.all("form", "action", deviceAnswerPath)) != 0 {
		t.Errorf("somebody else is asked at %s:\n%s", victim.at, victim.text())
	}
	victim.post(deviceAnswerPath, form)
	for name, header := range map[string][]string{
		"a page of another site":                {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a page of a neighbour's":               {"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example.com"},
		"a page that hides where it comes from": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		b.post(deviceAnswerPath, form, header...)
		if b.status != http.StatusForbidden {
			t.Errorf("%s: an answer is answered %d", name, b.status)
		}
		victim.post(devicePath, url.Values{"user_code": {codes.User}}, header...)
		if victim.status != http.StatusForbidden {
			t.Errorf("%s: a code is answered %d", name, victim.status)
		}
	}
	stranger := s.newPageBrowser()
	stranger.post(deviceAnswerPath, form)
	stranger.sees("/signin", http.StatusOK)
	for name, form := range map[string]url.Values{
		"no question":   {"answer": {"allow"}},
		"noise":         {"question": {"noise"}, "answer": {"allow"}},
		"two questions": {"question": {form.Get("question"), form.Get("question")}, "answer": {"allow"}},
	} {
		if b.post(deviceAnswerPath, form); b.status == http.StatusOK {
			t.Errorf("%s is answered %d:\n%s", name, b.status, b.text())
		}
	}
	b.post(deviceAnswerPath, url.Values{"question": {strings.Repeat("A", 20_000)}, "answer": {"allow"}})
	b.sees(deviceAnswerPath, http.StatusBadRequest)
	if n := r.allowed(); n != 0 {
		t.Fatalf("%d devices are let in", n)
	}
	b.open("/account")
	b.submit("/signout", nil)
	b.signIn(ann.user.Email, strangerPassword)
	b.post(deviceAnswerPath, form) // of the session before
	if n := r.allowed(); n != 0 {
		t.Fatalf("%d devices are let in", n)
	}
	refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")
}

// A question is about the client as it was shown.
func TestAnAnswerAboutAnotherClientLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *server){
		"of another name": func(s *server) {
			s.changeClient(func(c *realmconfig.Client) { c.DisplayName = "Another television" })
		},
		"of the name, made since": func(s *server) {
			s.changeClient(func(c *realmconfig.Client) { c.Since = s.realm.Clock.Now().Add(time.Second) })
		},
		"that may not any more": func(s *server) {
			s.changeClient(func(c *realmconfig.Client) {
				c.GrantTypes, c.RedirectURIs = []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant}, []string{appURL}
			})
		},
		"a code that has expired": func(s *server) { s.realm.Clock.Advance(10 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newWebClient(television, publicClient)
			r := newRealmOfClients(t, c)
			s := r.serve()
			a, b := s.newApplication(c, "openid"), s.newPageBrowser()
			codes := a.device()
			b.opensDevice(devicePath, adminEmail, adminPassword)
			b.types(codes.User)
			form := b.question("allow")
			change(s)
			b.post(deviceAnswerPath, form)
			b.sees(deviceAnswerPath, http.StatusBadRequest, "No device waits with this code")
			if n := r.allowed(); n != 0 {
				t.Errorf("%d devices are let in", n)
			}
		})
	}
}

// Of all answers to one device, by whomever and whatever they are, one counts.
func TestADeviceIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	s := r.serve()
	ann, a := s.newAnn("user"), s.newApplication(c, "openid")
	codes := a.device()
	browsers := []*pageBrowser{}
	for i := range 10 {
		b := s.newPageBrowser()
		if i%2 == 0 {
			b.opensDevice(devicePath, adminEmail, adminPassword)
		} else {
			b.opensDevice(devicePath, ann.user.Email, strangerPassword)
		}
		b.types(codes.User)
		browsers = append(browsers, b)
	}
	winners := race.Winners(50, func(i int) bool {
		b := *browsers[i%len(browsers)]
		b.post(deviceAnswerPath, b.question([]string{"allow", "deny"}[i%3%2]))
		return b.status == http.StatusOK && b.at.Path == deviceAnswerPath
	}, func(won bool) bool { return won })
	if len(winners) != 1 {
		t.Fatalf("%d answers have counted", len(winners))
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action IN ('device.allowed', 'device.denied')"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if grants, sessions := query[int](r, "SELECT count(*) FROM grants"), query[int](r, "SELECT count(*) FROM sessions WHERE client_id IS NOT NULL"); grants != r.allowed() || sessions != grants {
		t.Errorf("%d grants with %d sessions have begun, for %d devices", grants, sessions, r.allowed())
	}
}

// One of many exchanges a device code, and those who come later have shown that it is in
// several hands.
func TestOneOfManyExchangesADeviceCode(t *testing.T) {
	t.Parallel()
	c := newWebClient(television)
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	codes := a.device()
	b.lets(codes)
	winners := race.Winners(50, func(int) answer { return a.poll(codes) }, func(a answer) bool { return a.Status == http.StatusOK })
	if len(winners) != 1 {
		t.Fatalf("%d have exchanged one code", len(winners))
	}
	got := decode[map[string]any](t, winners[0], http.StatusOK)
	suite.secrets.used(got["access_token"].(string), got["refresh_token"].(string))
	refused(t, a.poll(codes), http.StatusBadRequest, "invalid_grant")
	refused(t, s.userInfo(got["access_token"].(string)), http.StatusUnauthorized, "invalid_token")
	refused(t, a.tryRefresh(got["refresh_token"].(string)), http.StatusBadRequest, "invalid_grant")
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'device_code.reused' AND actor_id IS NULL AND target_id IS NOT NULL AND detail = $1", c.ID); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
}

// A device code is its client's: another one learns nothing by it, and spoils nothing.
func TestADeviceCodeIsItsClients(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(television), newWebClient(television, func(c *realmconfig.Client) { c.ID = "apps.other" })
	s := newRealmOfClients(t, c, other).serve()
	a, thief, b := s.newApplication(c, "openid"), s.newApplication(other, "openid"), s.newPageBrowser()
	codes := a.device()
	refused(t, thief.poll(codes), http.StatusBadRequest, "invalid_grant")
	refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")
	b.lets(codes)
	refused(t, thief.poll(codes), http.StatusBadRequest, "invalid_grant")
	a.given(a.poll(codes))
	for name, code := range map[string]string{
		"that nobody was given": "rkv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "that somebody types": codes.User, "of another kind": "rka_" + codes.Device[4:],
	} {
		t.Log(name)
		refused(t, a.poll(deviceCodes{Device: code}), http.StatusBadRequest, "invalid_grant")
	}
	refused(t, a.poll(deviceCodes{}), http.StatusBadRequest, "invalid_request")
}

// A device that asks too often is slowed down, and that is remembered; whoever has answered
// need not wait for it.
func TestADeviceThatAsksTooOftenIsSlowedDown(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	r.Clock.Stop()
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	codes := a.device()
	for _, step := range []struct {
		after time.Duration
		code  string
	}{
		{0, "authorization_pending"}, // the first may come at once
		{5 * time.Second, "authorization_pending"},
		{4 * time.Second, "authorization_pending"}, // networks are not punctual
		{3 * time.Second, "slow_down"},             // 10 s from now on
		{8 * time.Second, "slow_down"},             // 15 s
		{10 * time.Second, "slow_down"},            // 20 s
		{20 * time.Second, "authorization_pending"},
		{0, "slow_down"},
	} {
		r.Clock.Advance(step.after)
		refused(t, a.poll(codes), http.StatusBadRequest, step.code)
	}
	b.lets(codes)
	a.given(a.poll(codes))

	late := a.device()
	r.Clock.Advance(10 * time.Minute)
	refused(t, a.poll(late), http.StatusBadRequest, "expired_token")
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.submit(devicePath, map[string]string{"user_code": late.User})
	b.sees(devicePath, http.StatusBadRequest, "No device waits with this code")

	allowed := a.device()
	b.lets(allowed)
	r.Clock.Advance(10 * time.Minute)
	refused(t, a.poll(allowed), http.StatusBadRequest, "expired_token")
}

// Guesses at codes are counted by the account and by the address, and have nothing to do with
// signing in.
func TestGuessesAtCodesOfDevicesAreCounted(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	r.Config.Login.Lockout.SourceFailures = 8
	r.Update()
	s := r.serve()
	ann, a := s.newAnn("user"), s.newApplication(c, "openid")
	codes := a.device()
	guess := func(b *pageBrowser) {
		t.Helper()
		b.submit(devicePath, map[string]string{"user_code": "BBBB-BBBB"})
	}
	b := s.newPageBrowser()
	b.opensDevice(devicePath, ann.user.Email, strangerPassword)
	for i := range r.Config.TwoFactor.Failures {
		guess(b)
		b.sees(devicePath, http.StatusBadRequest, "No device waits with this code")
		if left := fmt.Sprint(r.Config.TwoFactor.Failures - i - 1); !strings.Contains(b.text(), left) {
			t.Errorf("nobody is told that %s are left:\n%s", left, b.text())
		}
	}
	b.submit(devicePath, map[string]string{"user_code": codes.User})
	if b.status == http.StatusOK || !strings.Contains(b.text(), "Too many wrong codes") {
		t.Fatalf("whoever guesses goes on, with %d:\n%s", b.status, b.text())
	}
	s.tryLogin(ann.user.Email, strangerPassword).Expect(t, http.StatusOK, "")

	admin := s.newPageBrowser() // another account, at the same address
	admin.opensDevice(devicePath, adminEmail, adminPassword)
	for range 8 - r.Config.TwoFactor.Failures {
		guess(admin)
	}
	admin.submit(devicePath, map[string]string{"user_code": codes.User})
	if admin.status != http.StatusTooManyRequests {
		t.Errorf("the address goes on with %d:\n%s", admin.status, admin.text())
	}
	if n := r.allowed(); n != 0 {
		t.Errorf("%d devices are let in", n)
	}
	if got := s.Metric(`realmkeeper_device_requests_total{outcome="wrong_code"}`); got != "8" {
		t.Errorf("%s wrong codes are counted", got)
	}
	s.login()
}

// Codes that nobody answers are bounded, for each client and for each address.
func TestCodesOfDevicesAreBounded(t *testing.T) {
	t.Parallel()
	// Without a cache, whose answers may come late, so that the server alone counts.
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	suite.secrets.used(shopSecret)
	pages, other := newWebClient(television, publicClient), newWebClient(television, func(c *realmconfig.Client) { c.ID = "apps.other" })
	r.Config.Network.RequestsPerMinute = 20
	r.Clients = []realmconfig.Client{pages, other}
	r.Update()
	r.Clock.Stop()
	s := r.serve()
	a, b := s.newApplication(pages, "openid"), s.newApplication(other, "openid")
	for range 2 {
		a.device()
	}
	got := a.ask(deviceAuthorization, url.Values{})
	refused(t, got, http.StatusTooManyRequests, "temporarily_unavailable")
	if got.RetryAfter() < 1 {
		t.Errorf("nobody is told when to come back: %v", got.Header)
	}
	b.device() // which has shown who it is

	fill := `INSERT INTO device_codes (hash, user_code_hash, client_id, scope, audience, user_agent, address, created_at, expires_at, interval_seconds, answered_at)
		SELECT sha256((i || $1)::bytea), sha256((i || 'user' || $1)::bytea), 'apps.other', '', '', '', '', now(), now() + $2::interval, 5, CASE WHEN $3 THEN now() END
		FROM generate_series(1, 999) AS i`
	r.Exec(fill, "answered", "1 hour", true)
	r.Exec(fill, "expired", "-1 hour", false)
	b.device()
	r.Exec(fill, "open", "1 hour", false)
	got = b.ask(deviceAuthorization, url.Values{})
	refused(t, got, http.StatusTooManyRequests, "temporarily_unavailable")
}

// A client for the members of a group lets in nobody else's device, whoever types its code
// and whenever they have left.
func TestADeviceIsLetInByMembersAlone(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient, func(c *realmconfig.Client) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} })
	r := newRealmOfClients(t, c)
	s := r.serve()
	admin := s.login().Access
	id := query[string](r, "SELECT id::text FROM users WHERE email = '"+adminEmail+"'")
	group := s.createGroup(admin, "staff")
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	codes := a.device()
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.submit(devicePath, map[string]string{"user_code": codes.User})
	b.sees(deviceAnswerPath, http.StatusForbidden, "You may not use this application")
	refused(t, a.poll(codes), http.StatusBadRequest, "authorization_pending")

	s.addMember(admin, group.ID, id).Expect(t, http.StatusNoContent, "")
	b.lets(codes)
	s.as(admin, http.MethodDelete, groupsPath+"/"+group.ID+"/members/"+id, nil).Expect(t, http.StatusNoContent, "")
	refused(t, a.poll(codes), http.StatusBadRequest, "access_denied")
	if n := query[int](r, "SELECT count(*) FROM grants WHERE ended_at IS NULL"); n != 0 {
		t.Errorf("%d grants live", n)
	}
}

// What ends the sessions of a user ends their devices', also those that have not come for
// their tokens yet; a sign-out does not.
func TestDevicesEndWithTheirUsersSessions(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	for name, end := range endings() {
		for when, early := range map[string]bool{"": false, ", before it comes": true} {
			t.Run(name+when, func(t *testing.T) {
				t.Parallel()
				s := newRealmOfClients(t, c).serve()
				ann, a, b := s.newAnn("user"), s.newApplication(c, "openid"), s.newPageBrowser()
				codes := a.device()
				b.opensDevice(devicePath, ann.user.Email, strangerPassword)
				b.types(codes.User)
				b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
				ann.session = s.pagesOf(b)
				h := held{}
				if !early {
					h = a.given(a.poll(codes))
				}
				if ended := end(s, ann); ended.Status >= 300 {
					t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
				}
				survives := strings.HasPrefix(name, "logout") || strings.HasPrefix(name, "by its user,") || strings.HasPrefix(name, "by reuse")
				switch {
				case survives && early:
					a.given(a.poll(codes))
				case survives:
					(&flow{a: a}).refresh(h.RefreshToken)
				case early:
					refused(t, a.poll(codes), http.StatusBadRequest, "invalid_grant")
				default:
					refused(t, a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
					refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
				}
			})
		}
	}
}
