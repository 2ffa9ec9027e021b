// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

type (
	enrolment = realmtest.Enrolment
	challenge = realmtest.Challenge
)

// twoFactor posts to an endpoint of the second factor with an access token.
func (s *server) twoFactor(access, endpoint string, body any) answer {
	s.t.Helper()
	return s.as(access, http.MethodPost, "/api/auth/2fa/"+endpoint, body)
}

func (s *server) enable(access string) enrolment {
	s.t.Helper()
	e := decode[enrolment](s.t, s.twoFactor(access, "enable", nil), http.StatusOK)
	suite.secrets.used(e.Secret, e.URL, e.QRCode)
	suite.secrets.used(e.BackupCodes...)
	return e
}

// enrol gives the user an authenticator app. The clock goes on to where its next
// code is a new one.
func (s *server) enrol(access string) enrolment {
	s.t.Helper()
	e := s.enable(access)
	if a := s.twoFactor(access, "verify", code(s.shown(e.Secret))); a.Status != http.StatusOK {
		s.t.Fatalf("verify answered %d %s", a.Status, a.Body)
	}
	s.nextStep()
	return e
}

func (s *server) nextStep() { s.realm.Clock.Advance(30 * time.Second) }

// shown is what an authenticator app shows now: oathtool computes it.
func (s *server) shown(secret string) string {
	s.t.Helper()
	return oathtool(s.t, secret, s.realm.Clock.Now())
}

func oathtool(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	shown := testenv.AppCode(t, secret, at)
	suite.secrets.used(`"` + shown + `"`)
	return shown
}

// scanned is what a camera reads from a picture: zbarimg looks at it.
func scanned(t testing.TB, dataURI string) string {
	t.Helper()
	encoded, found := strings.CutPrefix(dataURI, "data:image/png;base64,")
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !found {
		t.Fatalf("no picture: %v", err)
	}
	return testenv.ScanQRCode(t, picture)
}

// challenged logs in up to the second factor.
func (s *server) challenged() challenge {
	s.t.Helper()
	c := decode[challenge](s.t, s.tryLogin(adminEmail, adminPassword), http.StatusOK)
	suite.secrets.used(c.SessionID)
	if !c.Require || c.SessionID == "" {
		s.t.Fatalf("no second factor was asked for: %+v", c)
	}
	return c
}

func (s *server) validate(c challenge, typed string) answer {
	s.t.Helper()
	return s.post("/api/auth/2fa/validate", map[string]string{"session_id": c.SessionID, "code": typed})
}

func code(typed string) map[string]string       { return map[string]string{"code": typed} }
func password(typed string) map[string]string   { return map[string]string{"password": typed} }
func telephone(number string) map[string]string { return map[string]string{"phone": number} }

// wrongCode is six digits that no clock near now shows.
func (s *server) wrongCode(secret string) string {
	s.t.Helper()
	now, near := s.realm.Clock.Now(), map[string]bool{}
	for step := -3; step <= 3; step++ {
		near[oathtool(s.t, secret, now.Add(time.Duration(step)*30*time.Second))] = true
	}
	for n := range 10 {
		if typed := fmt.Sprintf("%06d", n*111_111); !near[typed] {
			return typed
		}
	}
	s.t.Fatal("every code is right")
	return ""
}

// attemptsLeft is of a problem; -1 when it does not say.
func attemptsLeft(t testing.TB, a answer) int {
	t.Helper()
	body := struct {
		Left *int `json:"attempts_left"`
	}{}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Left == nil {
		return -1
	}
	return *body.Left
}
