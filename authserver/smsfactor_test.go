// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const aliceNumber = "+4930901820"

// telephones is a service that takes text messages, and what it was given.
type telephones struct {
	realm    *realm
	mu       sync.Mutex
	received []text
}

type text struct{ To, Code, Text string }

// sendsTexts gives the realm an SMS service.
func (r *realm) sendsTexts() *telephones {
	r.t.Helper()
	p := &telephones{realm: r}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body := struct{ Data text }{}
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.received = append(p.received, body.Data)
	}))
	r.t.Cleanup(service.Close)
	secret := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24))
	suite.secrets.used(secret, aliceNumber)
	r.Mount(map[string]any{realmconfig.SMSSecretFile: secret})
	r.Config.SMS = &realmconfig.SMS{
		Kind: realmconfig.Webhook, URL: service.URL, Timeout: realmconfig.Duration(time.Minute), AllowPrivateNetworks: true,
	}
	r.Update()
	return p
}

// all is everything that has arrived so far.
func (p *telephones) all() []text {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.received)
}

// last is the code of the n-th message, which must be the last one.
func (p *telephones) last(n int) string {
	p.realm.t.Helper()
	got := []text{}
	eventually.Holds(p.realm.t, "the message arrives", func() bool {
		got = p.all()
		return len(got) >= n
	})
	if len(got) != n || got[n-1].To != aliceNumber || len(got[n-1].Code) != 6 || !strings.Contains(got[n-1].Text, got[n-1].Code) {
		p.realm.t.Fatalf("%d messages, want %d, the last of which brings a code", len(got), n)
	}
	suite.secrets.used(`"` + got[n-1].Code + `"`)
	return got[n-1].Code
}

func other(code string) string {
	if code == "000000" {
		return "111111"
	}
	return "000000"
}

func TestTelephoneFromEnrolmentToLogin(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	phones := r.sendsTexts()
	r.Clock.Stop() // within the pauses between codes, however long it takes
	s := r.serve()
	access := s.login().Access

	added := s.twoFactor(access, "sms/enable", telephone("+49 (30) 90-18.20"))
	e := decode[enrolment](t, added, http.StatusOK)
	suite.secrets.used(e.BackupCodes...)
	if len(e.BackupCodes) != 10 || !strings.Contains(added.Body, `"code_expires_in":300`) {
		t.Errorf("enable answered %d %s", added.Status, added.Body)
	}
	sent := phones.last(1)
	s.login() // pending: nobody is asked for it yet
	s.twoFactor(access, "sms/send", map[string]string{}).Expect(t, http.StatusConflict, "second_factor_missing")
	wrong := s.twoFactor(access, "sms/verify", code(other(sent)))
	wrong.Expect(t, http.StatusBadRequest, "enrolment_code_invalid")
	if left := attemptsLeft(t, wrong); left != 4 {
		t.Errorf("%d attempts left, want 4", left)
	}
	decode[factors](t, s.twoFactor(access, "sms/verify", code(sent)), http.StatusOK)
	s.twoFactor(access, "sms/verify", code(sent)).Expect(t, http.StatusConflict, "second_factor_exists")
	s.twoFactor(access, "sms/enable", telephone(aliceNumber)).Expect(t, http.StatusConflict, "second_factor_exists")
	if f := s.factors(access); len(f.Methods) != 1 || f.Methods[0].Method != "sms" || f.BackupCodesLeft != 10 {
		t.Errorf("in use: %+v", f)
	}

	c := s.challenged()
	if !slices.Equal(c.Methods, []string{"sms", "backup_code"}) {
		t.Errorf("challenged with %v", c.Methods)
	}
	s.validate(c, sent).Expect(t, http.StatusUnauthorized, "code_invalid") // enrolment has used it up
	ask := func(c challenge) answer {
		t.Helper()
		return s.post("/api/auth/2fa/sms/send", map[string]string{"session_id": c.SessionID})
	}
	tooSoon := ask(c)
	tooSoon.Expect(t, http.StatusTooManyRequests, "rate_limited")
	if wait := tooSoon.RetryAfter(); wait != 30 {
		t.Errorf("Retry-After is %d", wait)
	}
	r.Clock.Advance(30 * time.Second)
	decode[factors](t, ask(c), http.StatusOK)
	second := phones.last(2)
	r.Clock.Advance(30 * time.Second)
	redis.Flush(t)
	decode[factors](t, ask(c), http.StatusOK)
	third := phones.last(3)
	if second != third {
		s.validate(c, second).Expect(t, http.StatusUnauthorized, "code_invalid") // the newest counts
	}
	s.tokensOf(s.validate(c, third))
	s.validate(s.challenged(), third).Expect(t, http.StatusUnauthorized, "code_invalid")

	redis.Stop(t)
	for n := 4; n <= 5; n++ {
		r.Clock.Advance(30 * time.Second)
		decode[factors](t, ask(s.challenged()), http.StatusOK)
	}
	fifth := phones.last(5)
	r.Clock.Advance(5 * time.Minute)
	s.validate(s.challenged(), fifth).Expect(t, http.StatusUnauthorized, "code_invalid") // too late
	sixth := ask(s.challenged())
	sixth.Expect(t, http.StatusTooManyRequests, "rate_limited")
	if wait := sixth.RetryAfter(); wait < 3000 || wait > 3600 {
		t.Errorf("Retry-After is %d", wait)
	}
	r.Clock.Advance(time.Hour)
	access = s.tokensOf(s.validate(s.challenged(), e.BackupCodes[0])).Access

	decode[factors](t, s.twoFactor(access, "sms/send", map[string]string{}), http.StatusOK)
	proof := code(phones.last(6))
	if a := s.twoFactor(access, "sms/disable", proof); a.Status != http.StatusNoContent {
		t.Errorf("disable answered %d %s", a.Status, a.Body)
	}
	s.login()
	if left := query[int](r, `SELECT (SELECT count(*) FROM second_factors) + (SELECT count(*) FROM backup_codes)`); left != 0 {
		t.Errorf("%d rows are left", left)
	}
}

func TestTelephoneBesideAnApp(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	s := r.serve()
	access := s.login().Access
	e := s.enrol(access)
	added := s.twoFactor(access, "sms/enable", telephone(aliceNumber))
	if added.Status != http.StatusOK || strings.Contains(added.Body, "backup_codes") {
		t.Errorf("enable answered %d %s", added.Status, added.Body)
	}
	decode[factors](t, s.twoFactor(access, "sms/verify", code(phones.last(1))), http.StatusOK)
	if f := s.factors(access); len(f.Methods) != 2 || f.BackupCodesLeft != 10 {
		t.Errorf("in use: %+v", f)
	}
	c := s.challenged()
	if !slices.Equal(c.Methods, []string{"totp", "sms", "backup_code"}) {
		t.Errorf("challenged with %v", c.Methods)
	}
	with := func(c challenge, method, typed string) answer {
		return s.post("/api/auth/2fa/validate", map[string]string{"session_id": c.SessionID, "code": typed, "method": method})
	}
	with(c, "telepathy", "123456").Expect(t, http.StatusBadRequest, "invalid_request")
	with(c, "sms", s.shown(e.Secret)).Expect(t, http.StatusUnauthorized, "code_invalid")
	with(c, "backup_code", s.shown(e.Secret)).Expect(t, http.StatusBadRequest, "invalid_request")
	s.tokensOf(with(c, "totp", s.shown(e.Secret)))
	s.nextStep()
	c = s.challenged()
	decode[factors](t, s.post("/api/auth/2fa/sms/send", map[string]string{"session_id": c.SessionID}), http.StatusOK)
	sent := phones.last(2)
	with(c, "totp", sent).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(with(c, "", sent)) // its form is an app's, too

	if a := s.twoFactor(access, "sms/disable", password(adminPassword)); a.Status != http.StatusNoContent {
		t.Errorf("disable answered %d %s", a.Status, a.Body)
	}
	s.twoFactor(access, "sms/disable", password(adminPassword)).Expect(t, http.StatusConflict, "second_factor_missing")
	if f := s.factors(access); len(f.Methods) != 1 || f.BackupCodesLeft != 10 {
		t.Errorf("without the telephone: %+v", f)
	}
	s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
}

func TestTelephonesThatAreNone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	s := r.serve()
	access := s.login().Access
	for name, number := range map[string]string{
		"without a country":    "030901820",
		"too short":            "+49309",
		"too long":             "+4930901820123456",
		"letters":              "+49 CALL NOW",
		"a country of nobody":  "+0301234567",
		"two numbers":          "+4930901820,+4930901821",
		"a header":             "+4930901820\r\nX: y",
		"nothing but a sign":   "+",
		"an extension as well": "+4930901820;ext=1",
	} {
		a := s.twoFactor(access, "sms/enable", telephone(number))
		a.Expect(t, http.StatusBadRequest, "invalid_request")
		if len(a.Problem.Errors) != 1 || a.Problem.Errors[0].Field != "phone" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	decode[enrolment](t, s.twoFactor(access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
	phones.last(1) // and nothing before it
}

func TestNoTelephonesWithoutAService(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	s := r.serve()
	access := s.login().Access
	e := decode[enrolment](t, s.twoFactor(access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
	suite.secrets.used(e.BackupCodes...)
	decode[factors](t, s.twoFactor(access, "sms/verify", code(phones.last(1))), http.StatusOK)

	service := r.Config.SMS
	r.Config.SMS = nil
	r.Update()
	r.Clock.Advance(time.Minute)
	ask := func() answer {
		return s.post("/api/auth/2fa/sms/send", map[string]string{"session_id": s.challenged().SessionID})
	}
	s.eventually("the service is gone", func() bool { return ask().Problem.Code == "second_factor_unavailable" })
	ask().Expect(t, http.StatusServiceUnavailable, "second_factor_unavailable")
	s.tokensOf(s.validate(s.challenged(), e.BackupCodes[0])) // the owner still gets in
	if waiting := r.waiting(); waiting != 0 {
		t.Errorf("%d messages wait for nobody", waiting)
	}
	r.Config.SMS = service
	r.Update()
	r.Clock.Advance(time.Hour)
	s.eventually("the service is back", func() bool { return ask().Status == http.StatusOK })
}

// Whoever reads the database learns neither numbers nor codes.
func TestStoredTelephonesRevealNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	s := r.serve()
	decode[enrolment](t, s.twoFactor(s.login().Access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
	sent := phones.last(1)
	dump := query[string](r, `SELECT (SELECT json_agg(f)::text FROM second_factors f) || (SELECT json_agg(c)::text FROM text_codes c)
		|| (SELECT json_agg(a)::text FROM audit_events a)`)
	if containsToken(dump, aliceNumber) || containsToken(dump, `"`+sent+`"`) || strings.Contains(dump, "x"+sent) {
		t.Error("the database holds a number or a code")
	}
}

func TestOwnersAreToldOfTheirSecondFactors(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.sendsMail()
	s := r.serve()
	access := s.login().Access
	s.enrol(access)
	r.lastLetter(adminEmail, "second-factor-added")
	for range 5 {
		s.validate(s.challenged(), "0000-0000-0000-0000").Expect(t, http.StatusUnauthorized, "code_invalid")
	}
	locked := r.lastLetter(adminEmail, "account-locked")
	if !strings.Contains(locked.Text, "codes") || strings.Contains(locked.Text, "was not guessed") {
		t.Errorf("whoever tries codes knows the password, but the mail says: %s", locked.Text)
	}
	s.twoFactor(access, "disable", password(wrongPassword)).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	decode[factors](t, s.twoFactor(access, "disable", password(adminPassword)), http.StatusOK)
	r.lastLetter(adminEmail, "second-factor-removed")
	trail := query[string](r, `SELECT string_agg(action || ' ' || outcome || ' ' || detail, E'\n') FROM audit_events`)
	for _, line := range []string{"account.locked succeeded second factor", "proof.given invalid_credentials"} {
		if !strings.Contains(trail, line) {
			t.Errorf("the trail has no %q:\n%s", line, trail)
		}
	}
}
