// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// People who register, and what they choose.
const (
	annEmail    = "ann@example.com"
	annPassword = "violet umbrella seventeen"
	newPassword = "quiet harbour lantern nine"
)

// newMailingRealm can send mail and conceals nothing.
func newMailingRealm(t *testing.T) *realm {
	t.Helper()
	suite.secrets.used(annEmail, annPassword, newPassword)
	r := newRealm(t)
	r.sendsMail()
	return r
}

func (r *realm) requireVerification() {
	r.t.Helper()
	r.Config.Registration.EmailVerification = realmconfig.VerificationRequired
	r.Update()
}

func (s *server) tryRegister(email, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/register", map[string]string{"email": email, "password": password})
}

func (s *server) registerAnn() {
	s.t.Helper()
	s.tryRegister(annEmail, annPassword).Expect(s.t, http.StatusCreated, "")
}

func (s *server) loginAnn(password string) tokens {
	s.t.Helper()
	return s.tokensOf(s.tryLogin(annEmail, password))
}

// verifyEmail confirms an address with a mailed token, and the password that shows
// the account.
func (s *server) verifyEmail(token, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/verify-email", map[string]string{"token": token, "password": password})
}

// verifyAnn confirms Ann's address.
func (s *server) verifyAnn() {
	s.t.Helper()
	s.verifyEmail(s.realm.lastLetter(annEmail, auth.VerifyEmailMessage).token(s.t), annPassword).Expect(s.t, http.StatusOK, "")
}

// hashed is how many passwords the server has hashed: what a request has cost.
func (s *server) hashed() int {
	s.t.Helper()
	n, err := strconv.Atoi(s.Metric("realmkeeper_passwords_hashed_total"))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// same is an answer without what is different every time.
func same(a answer) string {
	return strings.ReplaceAll(a.Body, a.Problem.RequestID, "")
}

func TestRegistration(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	a := s.post("/api/auth/register", map[string]string{
		"email": " Ann@Example.COM", "password": annPassword, "name": "Ann Lee", "locale": "de-CH",
	})
	a.Expect(t, http.StatusCreated, "")
	if a.Body != `{"email_verification_required":false}` {
		t.Errorf("answered %s", a.Body)
	}
	session := s.loginAnn(annPassword) // nothing waits for the mail where it is optional
	profile := decode[map[string]any](t, s.profile(session.Access), http.StatusOK)
	for field, want := range map[string]any{
		"email": annEmail, "email_verified": false, "role": "user", "name": "Ann Lee", "locale": "de-CH", "has_password": true,
	} {
		if profile[field] != want {
			t.Errorf("%s is %v, want %v", field, profile[field], want)
		}
	}

	mail := r.lastLetter(annEmail, auth.VerifyEmailMessage)
	if !strings.Contains(mail.Text, "Guten Tag Ann Lee,") || !strings.Contains(mail.Text, "24 Stunden") {
		t.Errorf("the mail says\n%s", mail.Text)
	}
	token := mail.token(t)
	s.verifyEmail(token+"x", annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	s.verifyEmail(strings.Replace(token, "rkv_", "rkp_", 1), annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	s.verifyEmail(token, annPassword).Expect(t, http.StatusOK, "")
	s.verifyEmail(token, annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	if profile := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); profile["email_verified"] != true {
		t.Error("the address is not verified")
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action IN ('user.registered', 'email.verified') AND outcome = 'succeeded'"); got != 2 {
		t.Errorf("%d audit events, want 2", got)
	}
}

func TestRegistrationWaitsForTheMailWhereRequired(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.requireVerification()
	s := r.serve()
	s.login() // the initial admin need not wait
	s.registerAnn()
	for range 6 { // more often than wrong passwords are allowed
		s.tryLogin(annEmail, annPassword).Expect(t, http.StatusForbidden, "email_not_verified")
	}
	s.tryLogin(annEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")

	first := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	s.post("/api/auth/verify-email/resend", map[string]string{"email": annEmail}).Expect(t, http.StatusAccepted, "")
	s.verifyEmail(first, annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid") // the newest link is the one
	s.verifyAnn()
	s.loginAnn(annPassword)

	before := len(r.letters(annEmail))
	s.post("/api/auth/verify-email/resend", map[string]string{"email": annEmail}).Expect(t, http.StatusAccepted, "")
	if after := len(r.letters(annEmail)); after != before {
		t.Error("a verified address was mailed another link")
	}
}

func TestVerificationLinksExpire(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	token := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	r.Clock.Advance(24 * time.Hour)
	s.verifyEmail(token, annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
}

func TestRegistrationIsRefused(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	cases := map[string]struct {
		body   map[string]string
		status int
		code   string
	}{
		"taken":                   {map[string]string{"email": annEmail, "password": annPassword}, 409, "email_taken"},
		"taken, in other letters": {map[string]string{"email": "ANN@example.com ", "password": annPassword}, 409, "email_taken"},
		"a password too short":    {map[string]string{"email": "bob@example.com", "password": "short"}, 400, "password_rejected"},
		"a password of the name":  {map[string]string{"email": "bob@example.com", "password": "bob@example.com"}, 400, "password_rejected"},
		"a password too long":     {map[string]string{"email": "bob@example.com", "password": strings.Repeat("long words ", 7)}, 400, "password_rejected"},
		"no address":              {map[string]string{"email": "bob", "password": annPassword}, 400, "invalid_request"},
		"a name with a break":     {map[string]string{"email": "bob@example.com", "password": annPassword, "name": "Bob\r\nBcc: x@example.com"}, 400, "invalid_request"},
		"a locale that is none":   {map[string]string{"email": "bob@example.com", "password": annPassword, "locale": "../../etc"}, 400, "invalid_request"},
		"a role":                  {map[string]string{"email": "bob@example.com", "password": annPassword, "role": "admin"}, 400, "invalid_request"},
	}
	hashed := s.hashed()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := s.post("/api/auth/register", c.body)
			a.Expect(t, c.status, c.code)
			if strings.Contains(a.Body, annPassword) || strings.Contains(a.Body, annEmail) {
				t.Errorf("the answer quotes what was sent: %s", a.Body)
			}
		})
	}
	if s.hashed() != hashed {
		t.Error("passwords were hashed for nothing")
	}
	r.Config.Registration.Mode = realmconfig.Closed
	r.Update()
	s.eventually("registration is closed", func() bool {
		return s.tryRegister(annEmail, annPassword).Problem.Code == "registration_closed"
	})
	if users := query[int](r, "SELECT count(*) FROM users"); users != 2 {
		t.Errorf("%d users, want the admin and Ann", users)
	}
}

// The Store is raced far more often; here everything above it is, and each caller
// costs a hash.
func TestRegistrationGivesAnAddressToOne(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	const callers = 8
	added := atomic.Int32{}
	race.Run(callers, func(int) {
		switch a := s.tryRegister(annEmail, annPassword); {
		case a.Status == http.StatusCreated:
			added.Add(1)
		case a.Problem.Code != "email_taken" && a.Problem.Code != "busy":
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	if added.Load() != 1 || len(r.letters(annEmail)) != 1 {
		t.Errorf("%d of %d registered, %d mails", added.Load(), callers, len(r.letters(annEmail)))
	}
}

// Nobody learns from an answer, or from what it costs, who has an account.
func TestAnswersDoNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.requireVerification()
	s := r.serve()
	s.registerAnn()
	const stranger = "stranger@example.com"
	suite.secrets.used(stranger)
	cases := map[string]struct {
		path, email string
		status      int
	}{
		"reset of an account":                       {"/api/auth/reset-password", annEmail, 200},
		"reset of a verified account":               {"/api/auth/reset-password", adminEmail, 200},
		"verification of an account":                {"/api/auth/verify-email/resend", annEmail, 202},
		"verification of a verified account":        {"/api/auth/verify-email/resend", adminEmail, 202},
		"registration of an account that is there":  {"/api/auth/register", annEmail, 201},
		"registration of a verified account, again": {"/api/auth/register", adminEmail, 201},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ask := func(email string) (a answer, cost int) {
				before := s.hashed()
				body := map[string]string{"email": email}
				if c.path == "/api/auth/register" {
					body["password"] = newPassword
				}
				a = s.post(c.path, body)
				return a, s.hashed() - before
			}
			known, knownCost := ask(c.email)
			unknown, unknownCost := ask(stranger)
			if knownCost != unknownCost {
				t.Errorf("they cost %d and %d hashes", knownCost, unknownCost)
			}
			if known.Status != c.status || known.Status != unknown.Status || same(known) != same(unknown) {
				t.Errorf("answered %d %s and %d %s", known.Status, known.Body, unknown.Status, unknown.Body)
			}
			for header := range known.Header {
				if header != "Date" && header != "X-Request-Id" && known.Header.Get(header) != unknown.Header.Get(header) {
					t.Errorf("%s is %q and %q", header, known.Header.Get(header), unknown.Header.Get(header))
				}
			}
			query[string](r, "WITH gone AS (DELETE FROM users WHERE email = $1) SELECT ''", stranger)
		})
	}
	if got := r.letters(adminEmail); len(got) != 2 || got[1].kind == got[0].kind {
		t.Errorf("the admin was written %d mails", len(got))
	}
	s.tryLogin(adminEmail, newPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.login() // with the password that no stranger has replaced
}

func TestRegistrationCostsTheSameForATakenAddress(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	s.registerAnn()
	if got := s.hashed(); got != 1 {
		t.Errorf("a new address cost %d hashes", got)
	}
	s.tryRegister(annEmail, newPassword).Expect(t, http.StatusCreated, "")
	if got := s.hashed(); got != 2 {
		t.Errorf("with a taken address, %d passwords were hashed", got)
	}
	r.lastLetter(annEmail, auth.AlreadyRegisteredMessage)
	s.loginAnn(annPassword)
}

func TestMailsToAnAddressAreLimited(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	race.Run(30, func(int) {
		s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	})
	if got := len(r.letters(annEmail)); got != 1+notify.MailLimit {
		t.Errorf("%d mails, want that of the registration and %d", got, notify.MailLimit)
	}
	r.Clock.Advance(auth.QuotaWindow)
	s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	if got := len(r.letters(annEmail)); got != 2+notify.MailLimit {
		t.Errorf("an hour later there are %d mails", got)
	}
}

func TestARealmWithoutMail(t *testing.T) {
	t.Parallel()
	suite.secrets.used(annEmail, annPassword)
	r := newRealm(t)
	s := r.serve()
	s.registerAnn()
	s.loginAnn(annPassword)
	for _, path := range []string{"/api/auth/reset-password", "/api/auth/verify-email/resend"} {
		for _, email := range []string{annEmail, "nobody@example.com"} {
			s.post(path, map[string]string{"email": email}).Expect(t, http.StatusServiceUnavailable, "email_unavailable")
		}
	}
	if waiting := query[int](r, "SELECT count(*) FROM outbox"); waiting != 0 {
		t.Errorf("%d mails wait for ever", waiting)
	}
}

// Strangers may ask for mails in somebody's name, but not use up the mail by which
// an owner gets back in.
func TestMailsOfOneKindUseUpNoOther(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.createUser(s.login().Access, annEmail, "user")
	for range notify.MailLimit {
		s.post("/api/auth/verify-email/resend", map[string]string{"email": annEmail}).Expect(t, http.StatusAccepted, "")
	}
	s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	if got := len(r.letters(annEmail)); got != 1 {
		t.Errorf("%d mails, want the one that sets a password", got)
	}
}
