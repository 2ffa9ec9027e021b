// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// forward asks what a gateway asks.
func (s *server) forward(method, path, access string) answer {
	s.t.Helper()
	r := newRequest(s.t, method, path, nil)
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	r.Header.Set("X-Auth-User-Id", "chosen by the client")
	if method == http.MethodGet && !strings.Contains(path, "/some/page") {
		return s.do(r)
	}
	// Requests of every kind are no endpoint of their own, so nothing describes them.
	response, err := s.HTTP.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{Status: response.StatusCode, Header: response.Header, Body: readAll(s.t, response.Body)}
	_ = json.Unmarshal([]byte(a.Body), &a.Problem)
	return a
}

func TestGatewaysAskWhomATokenSpeaksFor(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	access := s.login().Access
	user := s.profileOf(access)
	const path = "/api/auth/verify"
	cases := map[string]struct {
		method, path, access string
		status               int
		code                 string
	}{
		"a good token":                {path: path, access: access, status: 200},
		"a role that it has":          {path: path + "?role=admin", access: access, status: 200},
		"one of several roles":        {path: path + "?role=editor&role=admin", access: access, status: 200},
		"a role that it lacks":        {path: path + "?role=editor", access: access, status: 403, code: "permission_denied"},
		"an empty role":               {path: path + "?role=", access: access, status: 403, code: "permission_denied"},
		"no token":                    {path: path, status: 401, code: "token_missing"},
		"a bad token":                 {path: path, access: "nonsense", status: 401, code: "token_invalid"},
		"a bad token and a bad role":  {path: path + "?role=editor", access: "nonsense", status: 401, code: "token_invalid"},
		"the method of the request":   {method: "DELETE", path: path, access: access, status: 200},
		"the path of the request":     {method: "POST", path: path + "/some/page?role=editor", access: access, status: 200},
		"that path, without a token":  {method: "PUT", path: path + "/some/page", status: 401, code: "token_missing"},
		"a path beside it is not one": {path: path + "ing", access: access, status: 404, code: "not_found"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodGet
			}
			a := s.forward(c.method, c.path, c.access)
			a.Expect(t, c.status, c.code)
			if a.Header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be cached")
			}
			if c.status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("challenge is %q", a.Header.Get("WWW-Authenticate"))
			}
			if c.status != 200 {
				return
			}
			for header, want := range map[string]string{
				"X-Auth-User-Id": user.ID, "X-Auth-Email": user.Email, "X-Auth-Email-Verified": "true", "X-Auth-Role": "admin",
				"X-Auth-Session-Id": claimsOf(t, access)["sid"].(string),
			} {
				if got := a.Header.Values(header); len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
		})
	}
	r.Clock.Advance(r.AccessTokenLifetime())
	s.forward(http.MethodGet, path, access).Expect(t, http.StatusUnauthorized, "token_expired")
}

// Somebody who has typed another's address is not taken for them.
func TestGatewaysAreNotToldAnAddressThatNobodyHasProved(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	// There, if empty: a gateway must have something to put in place of what the client says.
	told := func(access string) (email, verified string) {
		t.Helper()
		a := s.forward(http.MethodGet, "/api/auth/verify", access)
		a.Expect(t, http.StatusOK, "")
		emails, proofs := a.Header.Values("X-Auth-Email"), a.Header.Values("X-Auth-Email-Verified")
		if len(emails) != 1 || len(proofs) != 1 {
			t.Fatalf("said %q and %q", emails, proofs)
		}
		return emails[0], proofs[0]
	}
	if email, verified := told(session.Access); email != "" || verified != "false" {
		t.Errorf("before the proof: %q, %s", email, verified)
	}
	r.Config.ForwardAuth.UnverifiedEmail = realmconfig.SendUnverified
	r.Update()
	s.eventually("the realm allows it", func() bool {
		email, verified := told(session.Access)
		return email == annEmail && verified == "false"
	})
	r.Config.ForwardAuth.UnverifiedEmail = realmconfig.OmitUnverified
	r.Update()
	s.eventually("the realm does not", func() bool {
		email, _ := told(session.Access)
		return email == ""
	})
	s.verifyAnn()
	if email, verified := told(s.refresh(session.Refresh).Access); email != annEmail || verified != "true" {
		t.Errorf("after the proof: %q, %s", email, verified)
	}
}

// Names that cannot stand in a header still cannot be taken for one another.
func TestGatewaysGetHeadersThatAreSafe(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	r.Exec("ALTER TABLE users DISABLE TRIGGER users_email_changed") // as if from before the rule for addresses
	query[string](r, `UPDATE users SET email = 'jörg%41@example.com', role = E'admin\r\nX-Auth-Role: root' RETURNING id::text`)
	suite.secrets.used("jörg%41@example.com")
	a := s.forward(http.MethodGet, "/api/auth/verify", s.tokensOf(s.tryLogin("jörg%41@example.com", adminPassword)).Access)
	if got := a.Header.Get("X-Auth-Email"); a.Status != http.StatusOK || got != "j%C3%B6rg%2541@example.com" {
		t.Errorf("answered %d, address %q", a.Status, got)
	}
	if got := a.Header.Values("X-Auth-Role"); len(got) != 1 || got[0] != "admin%0D%0AX-Auth-Role:%20root" {
		t.Errorf("role is %q", got)
	}
}

func TestGatewaysLearnOfEndedSessions(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), redis.URL())
	s := r.serve()
	ended, live := s.login().Access, s.login().Access
	logout := newRequest(t, http.MethodPost, "/api/auth/logout", map[string]string{})
	logout.Header.Set("Authorization", "Bearer "+ended)
	if a := s.do(logout); a.Status != http.StatusNoContent {
		t.Fatalf("logout answered %d %s", a.Status, a.Body)
	}
	r.Clock.Advance(r.AccessTokenLifetime() - time.Minute) // long after any grace period
	ask := func(access string) answer { return s.forward(http.MethodGet, "/api/auth/verify", access) }
	ask(ended).Expect(t, http.StatusUnauthorized, "token_invalid")

	// The database is not asked, and Redis need not answer.
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	ask(live).Expect(t, http.StatusOK, "")
	ask(ended).Expect(t, http.StatusUnauthorized, "token_invalid")
	redis.Stop(t)
	ask(live).Expect(t, http.StatusOK, "")
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
