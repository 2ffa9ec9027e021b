// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// squatter is somebody who has registered Ann's address with a password of their
// own, and has done everything in the account that lets one stay in it.
type squatter struct {
	s       *server
	session tokens
	app     enrolment
	device  string
	// mailed is the token of the link that Ann was sent.
	mailed string
	// code is for a session by the squatter's identity elsewhere, challenge waits
	// for a code of their app, link for their way back from the provider.
	code, link string
	challenge  challenge
}

// squat is an account of Ann's address in the wrong hands, in a realm where both
// the squatter and Ann can sign in elsewhere: the squatter through "theirs", Ann
// through "hers".
func squat(t *testing.T) (*realm, *squatter) {
	t.Helper()
	theirs, hers := newUpstream(t), newUpstream(t)
	theirs.script(func() { theirs.claims["sub"], theirs.claims["email"] = "squatter", "squatter@example.com" })
	hers.script(func() { hers.claims["sub"], hers.claims["email"] = "ann", annEmail })
	r := newMailingRealm(t)
	phones := r.sendsTexts()
	r.withProviders(upstreamSecret, theirs.provider("theirs", realmconfig.OIDC), hers.provider("hers", realmconfig.OIDC))
	s := r.serve()
	q := &squatter{s: s}
	s.registerAnn()
	q.mailed = r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	q.session = s.loginAnn(annPassword)
	q.device = q.session.Device
	s.as(q.session.Access, http.MethodPatch, "/api/user/profile", map[string]string{"name": "Squatter"}).Expect(t, http.StatusOK, "")

	begin := func(body map[string]string) string {
		t.Helper()
		body["return_to"] = appURL
		begun := s.as(q.session.Access, http.MethodPost, "/api/user/identities/theirs", body)
		address := decode[struct {
			URL string `json:"authorization_url"`
		}](t, begun, http.StatusOK).URL
		suite.secrets.used(queryOf(t, address, "link"))
		back, _ := s.newBrowser().follow(address)
		suite.secrets.used(queryOf(t, back, "code"))
		return queryOf(t, back, "code")
	}
	finish := s.as(q.session.Access, http.MethodPost, "/api/user/identities", map[string]string{"code": begin(map[string]string{"password": annPassword})})
	finish.Expect(t, http.StatusNoContent, "")
	q.link = begin(map[string]string{"password": annPassword})
	s.as(q.session.Access, http.MethodPost, "/api/user/email", map[string]string{"email": "squatter@example.com", "password": annPassword}).
		Expect(t, http.StatusAccepted, "")

	q.app = s.enrol(q.session.Access)
	decode[enrolment](t, s.twoFactor(q.session.Access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
	phones.last(1)
	back, _ := s.newBrowser().signIn("theirs", map[string][]string{"return_to": {appURL}})
	q.code = queryOf(t, back, "code")
	suite.secrets.used(q.code)
	q.challenge = decode[challenge](t, s.tryLogin(annEmail, annPassword), http.StatusOK)
	suite.secrets.used(q.challenge.SessionID)
	return r, q
}

// isOut tries every way of the squatter's.
func (q *squatter) isOut(t *testing.T) {
	t.Helper()
	s := q.s
	refused := func(what string, a answer, codes ...string) {
		t.Helper()
		for _, code := range codes {
			if a.Problem.Code == code {
				return
			}
		}
		t.Errorf("%s: answered %d %s", what, a.Status, a.Body)
	}
	refused("the session", s.profile(q.session.Access), "token_invalid")
	refused("the session, at a gateway", s.forward(http.MethodGet, "/api/auth/verify", q.session.Access), "token_invalid")
	refused("the refresh token", s.tryRefresh(q.session.Refresh), "refresh_token_invalid")
	refused("the password", s.tryLogin(annEmail, annPassword), "invalid_credentials")
	refused("the code of a sign-in elsewhere", s.post("/api/auth/oauth/token", map[string]string{"code": q.code}), "oauth_code_invalid")
	refused("the challenge", s.validate(q.challenge, s.shown(q.app.Secret)), "challenge_invalid")
	refused("the challenge, with a backup code", s.validate(q.challenge, q.app.BackupCodes[0]), "challenge_invalid")
	refused("the linking", s.as(q.session.Access, http.MethodPost, "/api/user/identities", map[string]string{"code": q.link}), "token_invalid")
	_, elsewhere := s.newBrowser().signIn("theirs", nil)
	if a := elsewhere; a.Status == http.StatusOK && s.profileOf(s.tokensOf(a).Access).Email == annEmail {
		t.Error("the squatter's identity signs in as Ann")
	}
	for _, l := range s.realm.letters("squatter@example.com") {
		if l.kind == auth.VerifyEmailMessage {
			refused("the change of address", s.verifyEmail(l.token(t), annPassword), "verification_token_invalid")
		}
	}
	if got := query[int](s.realm, `SELECT count(*) FROM second_factors f JOIN users u ON u.id = f.user_id WHERE u.email = $1`, annEmail); got != 0 {
		t.Errorf("%d second factors are left, pending ones included", got)
	}
	for _, table := range []string{"backup_codes", "text_codes", "tickets"} {
		if got := query[int](s.realm, "SELECT count(*) FROM "+table+" x JOIN users u ON u.id = x.user_id WHERE u.email = $1", annEmail); got != 0 {
			t.Errorf("%d rows are left in %s", got, table)
		}
	}
	// The device is a stranger: its guesses count against the account, not apart.
	s.lockOut(annEmail)
	refused("the device", s.loginOn(q.device, annEmail, wrongPassword), "account_locked")
}

func TestTheMailedLinkAloneConfirmsNothing(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	s := q.s
	admin := s.login()
	confirm := func(access string, body map[string]any) answer {
		t.Helper()
		body["token"] = q.mailed
		return s.as(access, http.MethodPost, "/api/auth/verify-email", body)
	}
	before := query[string](r, "SELECT string_agg(t::text, ' ' ORDER BY hash) FROM tickets t")
	s.post("/api/auth/verify-email", map[string]string{"token": q.mailed}).Expect(t, http.StatusForbidden, "proof_required")
	confirm(admin.Access, map[string]any{}).Expect(t, http.StatusForbidden, "proof_required")
	confirm(admin.Access, map[string]any{"password": wrongPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	confirm("nonsense", map[string]any{}).Expect(t, http.StatusUnauthorized, "token_invalid")
	confirm(admin.Access, map[string]any{"password": adminPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	if after := query[string](r, "SELECT string_agg(t::text, ' ' ORDER BY hash) FROM tickets t"); after != before {
		t.Error("something was used up")
	}
	if got := query[int](r, "SELECT count(*) FROM users WHERE email = $1 AND email_verified_at IS NOT NULL", annEmail); got != 0 {
		t.Error("the address counts as proved")
	}
	s.verifyEmail(q.mailed, annPassword).Expect(t, http.StatusOK, "")
	confirm(admin.Access, map[string]any{}).Expect(t, http.StatusBadRequest, "verification_token_invalid") // looked at first
	s.profile(q.session.Access).Expect(t, http.StatusOK, "")                                               // everything stays
}

func TestASessionOfTheAccountConfirmsItsAddress(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session, other := s.loginAnn(annPassword), s.loginAnn(annPassword)
	token := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	r.Clock.Advance(time.Hour - time.Minute) // whatever its age
	s.as(session.Access, http.MethodPost, "/api/auth/verify-email", map[string]string{"token": token}).Expect(t, http.StatusOK, "")
	s.profile(other.Access).Expect(t, http.StatusOK, "")
	if said := claimsOf(t, s.refresh(session.Refresh).Access)["email_verified"]; said != true {
		t.Errorf("of the address, a new token says %v", said)
	}
}

// Whoever reads the mail of an account must not find its password out by it.
func TestPasswordsAtAMailedLinkAreCounted(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	token := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	for range 5 {
		s.verifyEmail(token, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.verifyEmail(token, annPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	r.lastLetter(annEmail, auth.AccountLockedMessage)
	r.Clock.Advance(15 * time.Minute)
	s.verifyEmail(token, annPassword).Expect(t, http.StatusOK, "")
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'email.verified' AND outcome = 'invalid_credentials' AND target_id IS NOT NULL"); got != 5 {
		t.Errorf("%d wrong passwords are in the audit trail, want 5", got)
	}
}

func TestAnOwnerDisownsWhatASquatterMade(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	s := q.s
	a := s.post("/api/auth/verify-email", map[string]any{"token": q.mailed, "discard": true})
	if a.Status != http.StatusOK || a.Body != `{"email_verified":true,"password_reset_required":true}` {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	s.post("/api/auth/verify-email", map[string]any{"token": q.mailed, "discard": true}).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	if mail := r.lastLetter(annEmail, auth.AccountReclaimedMessage); strings.Contains(mail.Text, "Squatter") {
		t.Errorf("the mail calls Ann by the squatter's name:\n%s", mail.Text)
	}
	q.isOut(t)
	if got := query[string](r, "SELECT string_agg(detail, ' ') FROM audit_events WHERE action = 'account.reclaimed' AND outcome = 'succeeded'"); got != "mail" {
		t.Errorf("the audit trail says %q", got)
	}
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	q.annHasIt(t, s.loginAnn(newPassword))
}

// annHasIt looks at the account that Ann has got.
func (q *squatter) annHasIt(t *testing.T, session tokens) {
	t.Helper()
	p := decode[map[string]any](t, q.s.profile(session.Access), http.StatusOK)
	if p["email"] != annEmail || p["email_verified"] != true || p["name"] != "" || p["two_factor"] != false {
		t.Errorf("Ann's profile is %v", p)
	}
	q.s.enrol(session.Access) // with codes that no counter refuses
}

func TestAFirstResetDropsWhatASquatterMade(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	s := q.s
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
	q.isOut(t)
	if got := query[string](r, "SELECT string_agg(detail, ' ') FROM audit_events WHERE action = 'account.reclaimed' AND outcome = 'succeeded'"); got != "reset" {
		t.Errorf("the audit trail says %q", got)
	}
	r.Clock.Advance(15 * time.Minute)
	q.annHasIt(t, s.loginAnn(newPassword))
}

func TestAProvidersWordDropsWhatASquatterMade(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	s := q.s
	_, a := s.newBrowser().signIn("hers", nil)
	session := s.tokensOf(a)
	// Where the squatter has signed in from is no place of Ann's.
	r.lastLetter(annEmail, auth.NewDeviceMessage)
	all := r.letters(annEmail)
	if mail := all[len(all)-2]; mail.kind != auth.AccountReclaimedMessage || !strings.Contains(mail.Text, "hers") {
		t.Errorf("the mail is\n%s", mail.Text)
	}
	q.isOut(t)
	if got := query[string](r, "SELECT string_agg(action, ' ' ORDER BY action) FROM audit_events WHERE detail = 'hers' AND outcome = 'succeeded'"); got != "account.reclaimed identity.linked login" {
		t.Errorf("the audit trail says %q", got)
	}
	q.annHasIt(t, session)
	linked := decode[identities](t, s.as(session.Access, http.MethodGet, "/api/user/identities", nil), http.StatusOK).Identities
	if len(linked) != 1 || linked[0].Provider != "hers" {
		t.Errorf("the account is linked with %+v", linked)
	}
}

// A mistyped address must not give the account to whoever has it.
func TestAChangedAddressNeedsTheAccount(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	change := func() string {
		t.Helper()
		r.Clock.Advance(auth.QuotaWindow / 4)
		s.as(session.Access, http.MethodPost, "/api/user/email", map[string]string{"email": annNext, "password": annPassword}).
			Expect(t, http.StatusAccepted, "")
		return r.lastLetter(annNext, auth.VerifyEmailMessage).token(t)
	}
	token := change()
	s.post("/api/auth/verify-email", map[string]string{"token": token}).Expect(t, http.StatusForbidden, "proof_required")
	s.verifyEmail(token, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.post("/api/auth/verify-email", map[string]any{"token": token + "x", "discard": true}).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	if a := s.post("/api/auth/verify-email", map[string]any{"token": token, "discard": true}); a.Status != http.StatusOK || a.Body != `{"email_verified":false}` {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	s.verifyEmail(token, annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK)
	if p["email"] != annEmail || p["email_verified"] != false {
		t.Errorf("the account has lost something: %v", p)
	}
	s.loginAnn(annPassword)
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'email.change_cancelled' AND outcome = 'succeeded'"); got != 1 {
		t.Errorf("%d cancelled changes are in the audit trail", got)
	}
	token = change()
	s.as(session.Access, http.MethodPost, "/api/auth/verify-email", map[string]string{"token": token}).Expect(t, http.StatusOK, "")
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["email"] != annNext {
		t.Errorf("the address is %v", p["email"])
	}
}

// Once the address is proved, the mailbox alone takes nothing from its owner.
func TestAnOldLinkDoesNotDisownAProvedAccount(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	token := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	session := s.loginAnn(annPassword)
	s.enrol(session.Access)
	r.Exec("UPDATE users SET email_verified_at = now()") // the link was asked for a moment before
	s.post("/api/auth/verify-email", map[string]any{"token": token, "discard": true}).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["two_factor"] != true || p["has_password"] != true {
		t.Errorf("the account has lost something: %v", p)
	}
}

func TestALinkIsConfirmedOrDisownedOnce(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	token := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	turn := make(chan bool, 40)
	for i := range cap(turn) {
		turn <- i%2 == 0
	}
	won := together(cap(turn), func() answer {
		return s.as(session.Access, http.MethodPost, "/api/auth/verify-email", map[string]any{"token": token, "discard": <-turn})
	}, http.StatusOK)
	if len(won) != 1 {
		t.Fatalf("%d won", len(won))
	}
	disowned := strings.Contains(won[0].Body, "password_reset_required")
	if has := query[bool](r, "SELECT password_hash IS NOT NULL FROM users WHERE email = $1", annEmail); has == disowned {
		t.Errorf("disowned: %t, has a password: %t", disowned, has)
	}
}

// A code that was on its way when the account changed hands opens nothing.
func TestAOneTimeCodeIsOfThePasswordItWasMadeUnder(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	address, _ := s.newBrowser().signIn("elsewhere", map[string][]string{"return_to": {appURL}})
	r.Exec("UPDATE users SET password_changed_at = now() WHERE email = 'bob@example.com'")
	s.exchange(address, "").Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	address, _ = s.newBrowser().signIn("elsewhere", map[string][]string{"return_to": {appURL}})
	s.tokensOf(s.exchange(address, ""))
}

func TestPagesAskForTheAccountBehindALink(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Config.Browser.VerifyEmailURL = issuer + "/verify-email/{token}"
	r.Update()
	s := r.serve()
	s.registerAnn()
	link := r.lastLetter(annEmail, auth.VerifyEmailMessage).Links[0]
	suite.secrets.used(link[strings.LastIndex(link, "/")+1:])
	path := strings.TrimPrefix(link, issuer)

	stranger := s.newPageBrowser()
	stranger.signIn(adminEmail, adminPassword)
	stranger.open(link)
	stranger.sees(path, http.StatusOK, annEmail, "Password of the account", "This was not me")
	stranger.submit("", nil)
	stranger.sees(path, http.StatusBadRequest, "Please enter the password of the account.", annEmail)
	stranger.submit("", map[string]string{"password": adminPassword})
	stranger.sees(path, http.StatusBadRequest, "The password is wrong.", annEmail)

	signedIn := s.newPageBrowser()
	signedIn.signIn(annEmail, annPassword)
	signedIn.open(link)
	signedIn.sees(path, http.StatusOK, annEmail, "This was not me")
	if strings.Contains(signedIn.body, "Password of the account") {
		t.Error("somebody who is signed in is asked for the password")
	}

	stranger.open(link)
	stranger.submit("", map[string]string{"discard": "true"})
	stranger.sees(path, http.StatusOK, "The account is yours alone", annEmail)
	signedIn.open("/account")
	signedIn.sees("/signin", http.StatusOK)
	stranger.submit("/forgot", nil)
	stranger.sees("/forgot", http.StatusOK, "Check your e-mail", annEmail)
	s.reset(r.lastLetter(annEmail, auth.ResetPasswordMessage).token(t), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
	stranger.open(link)
	stranger.sees(path, http.StatusBadRequest, "This link has expired or was used already.")
}

func TestPagesCancelAChangeOfAddress(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	suite.secrets.used(annNext)
	r.Config.Browser.VerifyEmailURL = issuer + "/verify-email/{token}"
	r.Update()
	s := r.serve()
	s.as(s.login().Access, http.MethodPost, "/api/user/email", map[string]string{"email": annNext, "password": adminPassword}).
		Expect(t, http.StatusAccepted, "")
	link := r.lastLetter(annNext, auth.VerifyEmailMessage).Links[0]
	suite.secrets.used(link[strings.LastIndex(link, "/")+1:])
	b := s.newPageBrowser()
	b.open(link)
	b.sees(strings.TrimPrefix(link, issuer), http.StatusOK, annNext, "the change is cancelled")
	if strings.Contains(b.body, adminEmail) {
		t.Error("whoever has the new address learns the old one")
	}
	b.submit("", map[string]string{"discard": "true"})
	b.sees(strings.TrimPrefix(link, issuer), http.StatusOK, "Change cancelled")
	s.login()
}
