// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// enrolment is what a user is shown once.
type enrolment struct {
	Secret      string   `json:"secret"`
	URL         string   `json:"otpauth_url"`
	QRCode      string   `json:"qr_code"`
	BackupCodes []string `json:"backup_codes"`
}

// challenge is what a login answers to a user with a second factor.
type challenge struct {
	Require   bool     `json:"require_2fa"`
	SessionID string   `json:"session_id"`
	ExpiresIn int      `json:"session_expires_in"`
	Methods   []string `json:"methods"`
}

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
	if a := s.twoFactor(access, "verify", code(s.shown(e.Secret))); a.status != http.StatusOK {
		s.t.Fatalf("verify answered %d %s", a.status, a.body)
	}
	s.nextStep()
	return e
}

func (s *server) nextStep() { s.realm.clock.advance(30 * time.Second) }

// shown is what an authenticator app shows now: oathtool computes it.
func (s *server) shown(secret string) string {
	s.t.Helper()
	return oathtool(s.t, secret, s.realm.clock.now())
}

func oathtool(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "oathtool", "--totp", "--base32",
		"--now", at.UTC().Format("2006-01-02 15:04:05 UTC"), "-")
	command.Stdin = strings.NewReader(secret)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("oathtool: %v", err)
	}
	shown := strings.TrimSpace(string(output))
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
	file := filepath.Join(t.TempDir(), "qr.png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", file).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	return strings.TrimSpace(string(output))
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
	now, near := s.realm.clock.now(), map[string]bool{}
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
func (a answer) attemptsLeft(t testing.TB) int {
	t.Helper()
	body := struct {
		Left *int `json:"attempts_left"`
	}{}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Left == nil {
		return -1
	}
	return *body.Left
}
