// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// factors is what the user is told of their second factors.
type factors struct {
	Enabled         bool
	Methods         []struct{ Method, Since string }
	BackupCodesLeft int `json:"backup_codes_left"`
}

func (s *server) factors(access string) factors {
	s.t.Helper()
	return decode[factors](s.t, s.as(access, http.MethodGet, "/api/auth/2fa", nil), http.StatusOK)
}

func TestSecondFactorFromEnrolmentToLogin(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.TwoFactor.Label = "Acme & Söhne: Prod"
	r.Update()
	s := r.serve()
	access := s.login().Access

	e := s.enable(access)
	if got := scanned(t, e.QRCode); got != e.URL {
		t.Error("the picture does not show the address")
	}
	if !strings.HasPrefix(e.URL, "otpauth://totp/") || !strings.Contains(e.URL, "secret="+e.Secret) || len(e.Secret) != 32 {
		t.Error("the address is not what apps read")
	}
	if len(e.BackupCodes) != 10 || !regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$`).MatchString(e.BackupCodes[0]) {
		t.Error("the backup codes are not ten readable ones")
	}
	s.login() // pending: nobody is asked for it yet
	if f := s.factors(access); f.Enabled || len(f.Methods) != 0 || f.BackupCodesLeft != 0 {
		t.Errorf("before verification: %+v", f)
	}
	wrong := s.twoFactor(access, "verify", code(s.wrongCode(e.Secret)))
	wrong.Expect(t, http.StatusBadRequest, "enrolment_code_invalid")
	if left := attemptsLeft(t, wrong); left != 4 {
		t.Errorf("%d attempts left, want 4", left)
	}
	first := s.shown(e.Secret)
	if a := s.twoFactor(access, "verify", code(first[:3]+" "+first[3:])); strings.TrimSpace(a.Body) != `{"enabled":true}` || a.Status != http.StatusOK {
		t.Fatalf("verify answered %d %s", a.Status, a.Body)
	}
	s.twoFactor(access, "verify", code(first)).Expect(t, http.StatusConflict, "second_factor_exists")
	s.twoFactor(access, "enable", nil).Expect(t, http.StatusConflict, "second_factor_exists")

	c := s.challenged()
	if c.ExpiresIn != 300 || !slices.Equal(c.Methods, []string{"totp", "backup_code"}) {
		t.Errorf("challenged with %+v", c)
	}
	s.validate(c, first).Expect(t, http.StatusUnauthorized, "code_invalid") // enrolment has used it up
	s.nextStep()
	a := s.validate(c, s.shown(e.Secret))
	if left := decode[factors](t, a, http.StatusOK).BackupCodesLeft; left != 10 {
		t.Errorf("%d backup codes left", left)
	}
	session := s.tokensOf(a)
	s.refresh(session.Refresh)
	if f := s.factors(session.Access); !f.Enabled || f.Methods[0].Method != "totp" || f.Methods[0].Since == "" || f.BackupCodesLeft != 10 {
		t.Errorf("in use: %+v", f)
	}
	s.nextStep()
	s.validate(c, s.shown(e.Secret)).Expect(t, http.StatusUnauthorized, "challenge_invalid") // it has been answered

	for sample, want := range map[string]string{
		`realmkeeper_second_factors_total{method="totp",outcome="succeeded"}`:              "2",
		`realmkeeper_second_factors_total{method="totp",outcome="code_invalid"}`:           "1",
		`realmkeeper_second_factors_total{method="totp",outcome="enrolment_code_invalid"}`: "1",
		`realmkeeper_logins_total{outcome="challenged"}`:                                   "1",
		`realmkeeper_logins_total{outcome="code_invalid"}`:                                 "1",
	} {
		if got := s.Metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
	trail := query[string](r, `SELECT string_agg(action || ' ' || outcome || ' ' || detail, E'\n' ORDER BY at, id) FROM audit_events`)
	for _, line := range []string{"second_factor.added succeeded totp", "login.challenged succeeded password", "login code_invalid", "login succeeded password, totp"} {
		if !strings.Contains(trail, line) {
			t.Errorf("the trail has no %q:\n%s", line, trail)
		}
	}
}

func TestStoredSecondFactorsRevealNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	e := s.enrol(s.login().Access)
	dump := query[string](r, `SELECT (SELECT json_agg(f)::text FROM second_factors f) || (SELECT json_agg(b)::text FROM backup_codes b)
		|| (SELECT json_agg(a)::text FROM audit_events a)`)
	for _, secret := range append(e.BackupCodes, e.Secret) {
		if containsToken(dump, secret) || containsToken(dump, strings.ReplaceAll(secret, "-", "")) {
			t.Error("the database holds a secret of the second factor")
		}
	}
}

func TestEnablingAgainReplacesThePendingSecret(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	access := s.login().Access
	s.twoFactor(access, "verify", code("123456")).Expect(t, http.StatusConflict, "second_factor_missing")
	first, second := s.enable(access), s.enable(access)
	s.twoFactor(access, "verify", code(s.shown(first.Secret))).Expect(t, http.StatusBadRequest, "enrolment_code_invalid")
	decode[factors](t, s.twoFactor(access, "verify", code(s.shown(second.Secret))), http.StatusOK)
	s.validate(s.challenged(), first.BackupCodes[0]).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.validate(s.challenged(), second.BackupCodes[0]))
}

func TestCodesOfNearbyClocks(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		off   time.Duration
		taken bool
	}{
		"the clock is right":         {0, true},
		"a step behind":              {-30 * time.Second, true},
		"a step ahead":               {30 * time.Second, true},
		"two steps behind":           {-time.Minute, false},
		"two steps ahead":            {time.Minute, false},
		"a day ahead":                {24 * time.Hour, false},
		"before there were any apps": {-50 * 365 * 24 * time.Hour, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			r.Clock.Stop() // no step ends meanwhile
			s := r.serve()
			e := s.enrol(s.login().Access)
			s.nextStep() // so that a step behind is not the one of the enrolment
			a := s.validate(s.challenged(), oathtool(t, e.Secret, r.Clock.Now().Add(c.off)))
			if taken := a.Status == http.StatusOK; taken != c.taken {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
	}
}

func TestUsedStepsNeverComeBack(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop() // no step ends meanwhile
	s := r.serve()
	e := s.enrol(s.login().Access)
	s.nextStep()
	behind, now := oathtool(t, e.Secret, r.Clock.Now().Add(-30*time.Second)), s.shown(e.Secret)
	s.tokensOf(s.validate(s.challenged(), now))
	c := s.challenged()
	s.validate(c, now).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.validate(c, behind).Expect(t, http.StatusUnauthorized, "code_invalid") // a step before a used one is as good as used
}

func TestBackupCodes(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	access := s.login().Access
	s.twoFactor(access, "backup-codes", password(adminPassword)).Expect(t, http.StatusConflict, "second_factor_missing")
	e := s.enrol(access)
	typed := []string{
		e.BackupCodes[0],
		strings.ToUpper(strings.ReplaceAll(e.BackupCodes[1], "-", " ")),
		strings.NewReplacer("0", "O", "1", "l", "-", "").Replace(e.BackupCodes[2]),
	}
	for i, as := range typed {
		c := s.challenged()
		a := s.validate(c, as)
		s.tokensOf(a)
		if left := decode[factors](t, a, http.StatusOK).BackupCodesLeft; left != 9-i {
			t.Errorf("%d left after %d", left, i+1)
		}
		s.validate(s.challenged(), as).Expect(t, http.StatusUnauthorized, "code_invalid")
		s.nextStep()
		s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret))) // the wrong ones count no more
	}

	r.Clock.Advance(longAgo)
	s.twoFactor(access, "backup-codes", map[string]string{}).Expect(t, http.StatusForbidden, "proof_required")
	s.twoFactor(access, "backup-codes", password(wrongPassword)).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.twoFactor(access, "backup-codes", code(e.BackupCodes[0])).Expect(t, http.StatusUnauthorized, "code_invalid")
	fresh := decode[enrolment](t, s.twoFactor(access, "backup-codes", code(e.BackupCodes[3])), http.StatusOK).BackupCodes
	suite.secrets.used(fresh...)
	if f := s.factors(access); f.BackupCodesLeft != 10 || len(fresh) != 10 {
		t.Errorf("%d fresh codes, %d left", len(fresh), f.BackupCodesLeft)
	}
	s.validate(s.challenged(), e.BackupCodes[4]).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.validate(s.challenged(), fresh[0]))
}

func TestSecondFactorIsTurnedOffWithProof(t *testing.T) {
	t.Parallel()
	cases := map[string]func(s *server, e enrolment) map[string]string{
		"the password":  func(*server, enrolment) map[string]string { return password(adminPassword) },
		"a code":        func(s *server, e enrolment) map[string]string { return code(s.shown(e.Secret)) },
		"a backup code": func(_ *server, e enrolment) map[string]string { return code(e.BackupCodes[9]) },
	}
	for name, proof := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			s := r.serve()
			access := s.login().Access
			s.twoFactor(access, "disable", password(adminPassword)).Expect(t, http.StatusConflict, "second_factor_missing")
			e := s.enrol(access)
			r.Clock.Advance(4*time.Minute + 40*time.Second) // with that of the enrolment, longAgo
			open := s.challenged()
			s.twoFactor(access, "disable", nil).Expect(t, http.StatusForbidden, "proof_required")
			s.twoFactor(access, "disable", password(wrongPassword)).Expect(t, http.StatusUnauthorized, "invalid_credentials")
			s.twoFactor(access, "disable", code(s.wrongCode(e.Secret))).Expect(t, http.StatusUnauthorized, "code_invalid")
			s.challenged() // it is still on
			decode[factors](t, s.twoFactor(access, "disable", proof(s, e)), http.StatusOK)
			s.login()
			s.validate(open, s.shown(e.Secret)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
			if left := query[int](r, `SELECT (SELECT count(*) FROM second_factors) + (SELECT count(*) FROM backup_codes)`); left != 0 {
				t.Errorf("%d rows are left", left)
			}
			s.enrol(s.login().Access)
			s.challenged()
		})
	}
}

func TestAdminsResetSecondFactors(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	carol := s.createUser(admin, "carol@example.com", "user")
	session := s.tokensOf(s.tryLogin(carol.Email, strangerPassword))
	reset := func(access, id string) answer {
		return s.as(access, http.MethodDelete, "/api/admin/users/"+id+"/2fa", nil)
	}
	reset(admin, carol.ID).Expect(t, http.StatusConflict, "second_factor_missing")
	s.enrol(session.Access)
	reset(session.Access, carol.ID).Expect(t, http.StatusForbidden, "permission_denied")
	reset(admin, "00000000-0000-7000-8000-000000000000").Expect(t, http.StatusNotFound, "not_found")
	decode[challenge](t, s.tryLogin(carol.Email, strangerPassword), http.StatusOK)
	shown := decode[person](t, s.as(admin, http.MethodGet, "/api/admin/users/"+carol.ID, nil), http.StatusOK)
	if !slices.Equal(shown.SecondFactors, []string{"totp"}) || shown.BackupCodesLeft != 10 {
		t.Errorf("the admin is shown %+v", shown)
	}
	if a := reset(admin, carol.ID); a.Status != http.StatusNoContent {
		t.Fatalf("reset answered %d %s", a.Status, a.Body)
	}
	s.tokensOf(s.tryLogin(carol.Email, strangerPassword))
	who := query[string](r, `SELECT string_agg((actor_id = target_id)::text || ' ' || outcome, ', ' ORDER BY at) FROM audit_events
		WHERE action = 'second_factor.removed'`)
	if who != "true permission_denied, false succeeded" {
		t.Errorf("the trail says %s", who)
	}
}

func TestSecondFactorEndpointsWantTheirUser(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	live, ended := s.login(), s.login()
	s.post("/api/auth/logout", map[string]string{"refresh_token": ended.Refresh})
	for endpoint, body := range map[string]map[string]string{
		"enable": {}, "verify": code("123456"), "disable": password(adminPassword), "backup-codes": password(adminPassword),
		"sms/enable": telephone("+4930901820"), "sms/verify": code("123456"), "sms/send": {}, "sms/disable": password(adminPassword),
	} {
		s.post("/api/auth/2fa/"+endpoint, body).Expect(t, http.StatusUnauthorized, "token_missing")
		s.twoFactor(live.Refresh, endpoint, body).Expect(t, http.StatusUnauthorized, "token_invalid")
		s.twoFactor(ended.Access, endpoint, body).Expect(t, http.StatusUnauthorized, "token_invalid")
	}
}

func TestChallengesOfNobody(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	e := s.enrol(s.login().Access)
	cases := map[string]func() string{
		"one nobody made":         func() string { return "rkc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		"noise":                   func() string { return "noise" },
		"one cut short":           func() string { c := s.challenged().SessionID; return c[:len(c)-1] },
		"a token of another kind": func() string { return "rkr_" + s.challenged().SessionID[4:] },
		"one that has expired": func() string {
			c := s.challenged().SessionID
			r.Clock.Advance(5 * time.Minute)
			return c
		},
		"one from before the password was changed": func() string {
			c := s.challenged().SessionID
			r.cheapen()
			return c
		},
	}
	for name, made := range cases {
		t.Run(name, func(t *testing.T) {
			c := challenge{SessionID: made()}
			s.nextStep()
			s.validate(c, s.shown(e.Secret)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
		})
	}
	s.nextStep()
	s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
}
