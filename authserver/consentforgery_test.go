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
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// What somebody has answered counts for the request, the session and the user that were
// shown, and for nothing else: everybody else is asked.
func TestAnAnswerIsOfWhatWasShown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *server, b *pageBrowser, form url.Values){
		"on another request": func(s *server, b *pageBrowser, form url.Values) {
			b.open(s.newApplication(newWebClient(), "openid", "groups").newFlow().address())
			form.Set("journey", b.decision("")["journey"][0])
		},
		"with the question of another request": func(s *server, b *pageBrowser, form url.Values) {
			b.open(s.newApplication(newWebClient(), "openid").newFlow().address())
			form.Set("decision", b.decision("")["decision"][0])
		},
		"as another user": func(s *server, b *pageBrowser, _ url.Values) {
			a := s.newAnn("user")
			b.signIn(a.user.Email, strangerPassword)
		},
		"in another session": func(_ *server, b *pageBrowser, _ url.Values) {
			b.open("/account")
			b.submit("/signout", nil)
			b.signIn(adminEmail, adminPassword)
		},
		"without a question": func(_ *server, _ *pageBrowser, form url.Values) { form.Del("decision") },
		"with two questions": func(_ *server, _ *pageBrowser, form url.Values) { form.Add("decision", form.Get("decision")) },
		"with what is none":  func(_ *server, _ *pageBrowser, form url.Values) { form.Set("decision", "noise") },
		"with a journey for a question": func(_ *server, _ *pageBrowser, form url.Values) {
			form.Set("decision", form.Get("journey"))
		},
		"to a client of another name": func(s *server, _ *pageBrowser, _ url.Values) {
			s.changeClient(func(c *realmconfig.Client) { c.DisplayName = "Another shop" })
		},
		"to another client of the name": func(s *server, _ *pageBrowser, _ url.Values) {
			s.changeClient(func(c *realmconfig.Client) { c.Since = c.Since.Add(time.Nanosecond) })
		},
		"to a client that has more scopes by now": func(s *server, _ *pageBrowser, _ url.Values) {
			s.changeClient(func(c *realmconfig.Client) { c.Scopes = append(c.Scopes, "orders:write") })
		},
		"hours later": func(s *server, _ *pageBrowser, _ url.Values) { s.realm.Clock.Advance(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQuestion(t, newWebClient(asking), "openid email orders:write")
			form := q.b.decision("allow")
			change(q.s, q.b, form)
			q.b.post(decisionPath, form)
			q.b.isAsked()
			q.r.leavesNothing()
		})
	}
}

func TestNobodyElseAnswers(t *testing.T) {
	t.Parallel()
	q := newQuestion(t, newWebClient(asking), "openid")
	s, b, f := q.s, q.b, q.f
	form := b.decision("allow")
	for name, header := range map[string][]string{
		"a page of another site":                 {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a page of a neighbour's":                {"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example.com"},
		"a page of another site, of old":         {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"a page that hides where it comes from":  {"Sec-Fetch-Site", "", "Origin", "null"},
		"a page of another site, with an answer": {"Sec-Fetch-Site", "cross-site"},
	} {
		b.post(decisionPath, form, header...)
		if b.away != nil || b.status != http.StatusForbidden {
			t.Errorf("%s: answered %d, sent to %v", name, b.status, b.away)
		}
	}
	for name, form := range map[string]url.Values{
		"nothing":         {},
		"no journey":      {"decision": form["decision"], "answer": {"allow"}},
		"another journey": {"journey": {"noise"}, "decision": form["decision"], "answer": {"allow"}},
		"two journeys":    {"journey": {form.Get("journey"), form.Get("journey")}, "decision": form["decision"], "answer": {"allow"}},
		"a long journey":  {"journey": {strings.Repeat("A", 40_000)}, "answer": {"allow"}},
	} {
		b.post(decisionPath, form)
		if b.away != nil || b.status != http.StatusBadRequest {
			t.Errorf("%s: answered %d, sent to %v", name, b.status, b.away)
		}
	}
	b.open(decisionPath + "?" + form.Encode())
	if b.away != nil || b.status != http.StatusNotFound && b.status != http.StatusMethodNotAllowed {
		t.Errorf("an address answers: %d, sent to %v", b.status, b.away)
	}
	stranger := s.newPageBrowser()
	stranger.post(decisionPath, form) // somebody who has found the form, and is not signed in
	stranger.sees("/signin", http.StatusOK)
	q.r.leavesNothing()
	b.post(decisionPath, form)
	f.exchange(f.code(b)) // which was good all the time
}

// However often a form is sent, it is answered once: the others are asked again.
func TestOneOfManyAnswersCounts(t *testing.T) {
	t.Parallel()
	q := newQuestion(t, newWebClient(asking), "openid email", param("prompt", "consent"))
	r, s, b, f := q.r, q.s, q.b, q.f
	form, cookies := b.decision("allow").Encode(), b.client.Jar.Cookies(b.at)
	client := *s.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answers := race.Winners(50, func(int) answer {
		r := newFormRequest(t, decisionPath, form)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return answer{}
		}
		a, err := realmtest.ReadAnswer(response)
		if err != nil {
			t.Error(err)
		}
		return a
	}, func(a answer) bool { return strings.HasPrefix(a.Header.Get("Location"), appURL) })
	if len(answers) != 1 {
		t.Fatalf("%d have been sent to the application", len(answers))
	}
	to, err := url.Parse(answers[0].Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	code := to.Query().Get("code")
	suite.secrets.used(code)
	f.exchange(code)
	for table, want := range map[string]int{
		"consents": 1, "authorization_codes": 1, "audit_events WHERE action = 'consent.given'": 1,
	} {
		if n := query[int](r, fmt.Sprintf("SELECT count(*) FROM %s", table)); n != want {
			t.Errorf("there are %d %s", n, table)
		}
	}
}
