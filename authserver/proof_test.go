// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// longAgo is when a sign-in proves nothing any more.
const longAgo = 5*time.Minute + time.Second

// protected is what changes what protects an account, as a thief of an access
// token would ask for it.
type protected struct {
	method, path string
	body         any
}

// unproved are the routes with a bearer that ask for no proof, each with why.
func unproved() map[string]string {
	reads, less := "reads", "takes something from whoever holds the token, and opens nothing"
	finishes := "finishes what was begun with proof, with a secret that only whoever began has"
	return map[string]string{
		"POST /api/auth/proof/passkey/begin": "asks for the proof",
		"GET /api/user/profile":              reads, "GET /api/user/identities": reads, "GET /api/auth/2fa": reads, "GET /api/auth/sessions": reads, "GET /api/auth/applications": reads,
		"GET /api/user/personal-access-tokens": reads, "GET /api/user/personal-access-tokens/applications": reads, "GET /api/admin/users/{id}/personal-access-tokens": reads,
		"DELETE /api/user/personal-access-tokens/{id}": less, "DELETE /api/admin/users/{id}/personal-access-tokens/{token}": less,
		"GET /api/admin/users": reads, "GET /api/admin/users/{id}": reads, "GET /api/admin/audit": reads, "GET /api/auth/verify": reads,
		"GET /api/admin/required-factors": reads, "GET /api/admin/required-passwords": reads,
		"GET /api/admin/groups": reads, "GET /api/admin/groups/{id}": reads, "GET /api/admin/groups/{id}/members": reads,
		"GET /api/admin/service-accounts": reads, "GET /api/admin/service-accounts/{id}": reads, "GET /api/admin/service-accounts/{id}/groups": reads,
		"GET /api/admin/service-accounts/{id}/tokens": reads, "GET /api/admin/service-accounts/{id}/tokens/applications": reads, "GET /api/admin/groups/{id}/service-accounts": reads,
		"POST /api/admin/service-accounts":                       "makes an account to which nothing is open",
		"DELETE /api/admin/service-accounts/{id}/groups/{group}": less, "DELETE /api/admin/service-accounts/{id}/tokens/{token}": less,
		"GET /api/admin/users/{id}/groups": reads, "DELETE /api/admin/groups/{id}/members/{user}": less,
		"POST /api/admin/groups": "makes a group that nobody is in",
		"POST /api/auth/logout":  less, "DELETE /api/auth/sessions": less, "DELETE /api/auth/sessions/{id}": less, "DELETE /api/auth/applications/{id}": less,
		"DELETE /api/admin/users/{id}/sessions": less,
		"PATCH /api/user/profile":               "names protect nothing",
		"GET /api/user/passkeys":                reads,
		"GET /api/user/recovery":                reads,
		"PATCH /api/user/passkeys/{id}":         "names protect nothing",
		"POST /api/user/passkeys":               finishes,
		"POST /api/user/identities":             finishes, "POST /api/auth/2fa/verify": finishes, "POST /api/auth/2fa/sms/verify": finishes,
		"POST /api/auth/2fa/sms/send": "sends to a telephone that was proved",
		"POST /api/user/password":     "asks for the current password, or, where there is none, for proof",
		"POST /api/auth/verify-email": "the mailed link is the proof, and a session of any age shows the account",
	}
}

// stolen is a realm whose admin has every factor, and another user; and an
// access token of the admin's that is found later.
type stolen struct {
	*server
	owner  tokens
	app    enrolment
	phones *telephones
	target person
	link   string
	self   string
	group  groupAnswer
	// machine is a service account, disabled one that is disabled.
	machine, disabled serviceAccount
	// passkey is the admin's.
	passkey string
}

func newStolen(t *testing.T) *stolen {
	t.Helper()
	u := newUpstream(t)
	u.script(func() { u.claims["email"] = adminEmail })
	suite.secrets.used(annNext)
	r := newMailingRealm(t)
	phones := r.sendsTexts()
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	r.letTokensBeMade(newOAuthClient("deploy", takesTokens))
	r.Exec("UPDATE users SET email_verified_at = now()")
	s := &stolen{server: r.serve(), phones: phones}
	_, a := s.newBrowser().signIn("elsewhere", nil) // joins by its address
	access := s.tokensOf(a).Access
	s.link = query[string](r, "SELECT id::text FROM identities")
	s.target = s.createUser(access, annEmail, "user")
	s.group = s.createGroup(access, "ops")
	s.app = s.enrol(s.tokensOf(s.tryLogin(annEmail, strangerPassword)).Access) // for an admin to reset
	s.owner = s.login()
	s.self = s.profileOf(s.owner.Access).ID
	s.machine, s.disabled = s.newServiceAccount(access, "deployer"), s.newServiceAccount(access, "disabled")
	s.as(access, http.MethodPatch, s.disabled.path(), map[string]any{"disabled": true}).Expect(t, http.StatusOK, "")
	s.passkey = s.setUpPasskey(s.owner.Access, newDevice(t)).ID
	return s
}

// thefts are every route that asks for proof.
func (s *stolen) thefts() []protected {
	user, group := "/api/admin/users/"+s.target.ID, "/api/admin/groups/"+s.group.ID
	return []protected{
		{"POST", "/api/auth/2fa/enable", nil},
		{"POST", "/api/auth/2fa/sms/enable", map[string]any{"phone": aliceNumber}},
		{"POST", "/api/auth/2fa/disable", nil},
		{"POST", "/api/auth/2fa/sms/disable", nil},
		{"POST", "/api/auth/2fa/backup-codes", nil},
		{"POST", "/api/user/email", map[string]any{"email": annNext}},
		{"POST", "/api/user/identities/elsewhere", map[string]any{"return_to": appURL}},
		{"DELETE", "/api/user/identities/" + s.link, nil},
		{"POST", "/api/user/passkeys/begin", nil},
		{"DELETE", "/api/user/passkeys/" + s.passkey, nil},
		{"DELETE", "/api/user/recovery", nil},
		{"POST", user + "/recovery/approve", nil},
		{"DELETE", user + "/recovery", nil},
		{"DELETE", "/api/user", nil},
		{"POST", personalTokens, map[string]any{"name": "Nightly backup", "client_id": "shop.deploy", "expires_in": 3600}},
		{"POST", "/api/auth/proof", nil},
		{"POST", "/api/admin/users", map[string]any{"email": annNext, "password": strangerPassword, "role": "admin"}},
		{"PATCH", user, map[string]any{"role": "admin"}},
		{"PATCH", user, map[string]any{"disabled": false}},
		{"DELETE", user + "/2fa", nil},
		{"POST", "/api/admin/users/" + s.self + "/unlock", nil},
		{"POST", "/api/admin/users/" + strings.ToUpper(s.self) + "/unlock", nil},
		{"DELETE", user, nil},
		{"PATCH", group, map[string]any{"name": "admins"}},
		{"POST", group + "/members", map[string]any{"user_id": s.target.ID}},
		{"DELETE", group, nil},
		{"POST", s.machine.path() + "/tokens", map[string]any{"name": "Nightly backup", "client_id": "shop.deploy", "expires_in": 3600}},
		{"POST", s.machine.path() + "/groups", map[string]any{"group_id": s.group.ID}},
		{"PATCH", s.disabled.path(), map[string]any{"disabled": false}},
		{"DELETE", s.machine.path(), nil},
	}
}

// kept is everything that protects accounts, as the database has it.
func (s *stolen) kept() string {
	s.t.Helper()
	return query[string](s.realm, `SELECT concat_ws(E'\n',
		(SELECT json_agg(u ORDER BY id) FROM (SELECT id, email, role, password_hash, email_verified_at, disabled_at FROM users) u),
		(SELECT json_agg(f ORDER BY user_id, method) FROM second_factors f), (SELECT json_agg(b ORDER BY user_id) FROM backup_codes b),
		(SELECT json_agg(p ORDER BY id) FROM passkeys p),
		(SELECT json_agg(g ORDER BY id) FROM groups g), (SELECT json_agg(m) FROM group_members m),
		(SELECT json_agg(i ORDER BY id) FROM (SELECT id, user_id, provider FROM identities) i),
		(SELECT json_agg(a ORDER BY id) FROM service_accounts a), (SELECT json_agg(g) FROM service_account_groups g),
		(SELECT count(*) FROM personal_access_tokens), (SELECT json_agg(t.kind ORDER BY t.kind) FROM tickets t), (SELECT count(*) FROM text_codes))`)
}

func TestAStolenAccessTokenChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStolen(t)
	s.realm.Clock.Stop() // or what is yet to happen could happen meanwhile
	s.realm.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", s.target.ID)
	s.realm.Clock.Advance(longAgo)
	before := s.kept()
	refreshed := s.refresh(s.owner.Refresh)
	owner := s.proves(s.owner.Access, password(adminPassword))
	again := s.refresh(refreshed.Refresh)
	forged := s.forger(s.owner.Access)
	signedAt := func(at any) string {
		token := forged.sign(jwt.SigningMethodES256, forged.signer(forged.key), nil, map[string]any{"auth_time": at})
		suite.secrets.used(token)
		return token
	}
	for holder, access := range map[string]string{
		"of before":                          s.owner.Access,
		"of a refresh":                       refreshed.Access,
		"of a refresh after the proof":       again.Access,
		"of a release without auth_time":     signedAt(nil),
		"of a sign-in that is yet to happen": signedAt(s.realm.Clock.Now().Add(time.Minute).Unix()),
	} {
		for _, theft := range s.thefts() {
			a := s.as(access, theft.method, theft.path, theft.body)
			if a.Status != http.StatusForbidden || a.Problem.Code != "proof_required" {
				t.Errorf("%s %s %v with a token %s answered %d %s", theft.method, theft.path, theft.body, holder, a.Status, a.Body)
			}
		}
	}
	if after := s.kept(); after != before {
		t.Errorf("something has changed:\n%s\n%s", before, after)
	}
	if a := s.twoFactor(owner.Access, "enable", nil); a.Status != http.StatusOK {
		t.Errorf("the owner, who has proved it, is answered %d %s", a.Status, a.Body)
	}
}

// Whoever adds a route with a bearer says here whether it wants proof.
func TestEveryRouteSaysWhetherItWantsProof(t *testing.T) {
	t.Parallel()
	s := newStolen(t)
	tried, reasons := s.thefts(), unproved()
	for _, op := range s.described() {
		name := op.method + " " + op.path
		wants := strings.Contains(fmt.Sprint(op.raw["responses"]), "proof_required")
		is := slices.ContainsFunc(tried, func(p protected) bool { return p.method == op.method && op.matches(p.path) })
		switch {
		case !op.bearer, wants && reasons[name] != "":
		case wants && !is:
			t.Errorf("%s wants proof, and no thief has tried it", name)
		case !wants && reasons[name] == "":
			t.Errorf("%s wants no proof: say why", name)
		}
		delete(reasons, name)
	}
	for name := range maps.Keys(reasons) {
		t.Errorf("there is no %s", name)
	}
}

func TestASignInIsProofForFiveMinutes(t *testing.T) {
	t.Parallel()
	s := newStolen(t)
	s.realm.Clock.Stop() // the last seconds are enough, however long all of it takes
	s.realm.Clock.Advance(4*time.Minute + 50*time.Second)
	access := s.owner.Access
	decode[enrolment](t, s.twoFactor(access, "enable", nil), http.StatusOK)
	for _, theft := range s.thefts() {
		if theft.path == "/api/user" || theft.path == "/api/auth/proof" {
			continue
		}
		a := s.as(access, theft.method, theft.path, theft.body)
		if a.Problem.Code == "proof_required" || a.Status >= 500 {
			t.Errorf("%s %s %v answered %d %s", theft.method, theft.path, theft.body, a.Status, a.Body)
		}
	}
	s.as(access, http.MethodDelete, "/api/user", nil).Expect(t, http.StatusNoContent, "") // Ann's successor is an admin
}

// An admin may shut out and slow down at once, and name people.
func TestShuttingOutNeedsNoProof(t *testing.T) {
	t.Parallel()
	s := newStolen(t)
	s.realm.Clock.Advance(longAgo)
	user := "/api/admin/users/" + s.target.ID
	s.as(s.owner.Access, "PATCH", user, map[string]any{"name": "Ann", "role": "user"}).Expect(t, http.StatusOK, "") // has that role
	s.as(s.owner.Access, "DELETE", user+"/sessions", nil).Expect(t, http.StatusNoContent, "")
	s.as(s.owner.Access, "PATCH", user, map[string]any{"disabled": true}).Expect(t, http.StatusOK, "")
}

// An address that an admin vouches for speaks for whoever has it, and an account
// that is unlocked again and again may be guessed at without end.
func TestAStolenAdminTokenNeitherVouchesNorUnlocks(t *testing.T) {
	t.Parallel()
	s := newStolen(t)
	s.realm.Clock.Advance(longAgo)
	newcomer := map[string]string{"email": "ceo@corp.example", "password": strangerPassword}
	s.as(s.owner.Access, http.MethodPost, "/api/admin/users", newcomer).Expect(t, http.StatusForbidden, "proof_required")
	s.as(s.owner.Access, http.MethodPost, "/api/admin/users/"+s.target.ID+"/unlock", nil).Expect(t, http.StatusForbidden, "proof_required")
	newcomer["current_password"] = adminPassword
	s.as(s.owner.Access, http.MethodPost, "/api/admin/users", newcomer).Expect(t, http.StatusCreated, "")
	s.as(s.owner.Access, http.MethodPost, "/api/admin/users/"+s.target.ID+"/unlock", password(adminPassword)).Expect(t, http.StatusNoContent, "")
}

// proves is the token of a proof.
func (s *server) proves(access string, proof map[string]string) tokens {
	s.t.Helper()
	return s.tokensOf(s.as(access, http.MethodPost, "/api/auth/proof", proof))
}

func TestProofIsGivenOnceForFiveMinutes(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]func(s *server, phones *telephones, e enrolment, access string) map[string]string{
		"the password": func(*server, *telephones, enrolment, string) map[string]string { return password(adminPassword) },
		"a code": func(s *server, _ *telephones, e enrolment, _ string) map[string]string {
			return code(s.shown(e.Secret))
		},
		"a backup code": func(_ *server, _ *telephones, e enrolment, _ string) map[string]string { return code(e.BackupCodes[0]) },
		"a text": func(s *server, phones *telephones, _ enrolment, access string) map[string]string {
			decode[factors](s.t, s.twoFactor(access, "sms/send", map[string]string{}), http.StatusOK)
			return code(phones.last(2))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			phones := r.sendsTexts()
			s := r.serve()
			session := s.login()
			e := s.enrol(session.Access)
			decode[factors](t, s.twoFactor(session.Access, "sms/enable", telephone(aliceNumber)), http.StatusOK)
			decode[factors](t, s.twoFactor(session.Access, "sms/verify", code(phones.last(1))), http.StatusOK)
			r.Clock.Advance(longAgo)
			proof := given(s, phones, e, session.Access)
			proven := s.proves(session.Access, proof)
			before, after := claimsOf(t, session.Access), claimsOf(t, proven.Access)
			if proven.Refresh != "" || proven.Type != "Bearer" || proven.ExpiresIn != 3600 || after["sid"] != before["sid"] || after["sub"] != before["sub"] {
				t.Errorf("proved by a token of %v", after)
			}
			fresh := decode[enrolment](t, s.twoFactor(proven.Access, "backup-codes", nil), http.StatusOK)
			suite.secrets.used(fresh.BackupCodes...)
			if proof["code"] != "" {
				s.as(session.Access, http.MethodPost, "/api/auth/proof", proof).Expect(t, http.StatusUnauthorized, "code_invalid")
			}
			s.twoFactor(session.Access, "backup-codes", nil).Expect(t, http.StatusForbidden, "proof_required")
			s.twoFactor(s.refresh(session.Refresh).Access, "backup-codes", nil).Expect(t, http.StatusForbidden, "proof_required")
			r.Clock.Advance(longAgo)
			s.twoFactor(proven.Access, "backup-codes", nil).Expect(t, http.StatusForbidden, "proof_required")
			kind := map[bool]string{true: "password", false: "code"}[proof["password"] != ""]
			if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'succeeded' AND detail = $1", kind); got != 1 {
				t.Errorf("%d proofs are in the audit trail", got)
			}
			s.post("/api/auth/logout", map[string]string{"refresh_token": session.Refresh})
			s.profile(proven.Access).Expect(t, http.StatusUnauthorized, "token_invalid") // it is of the same session
		})
	}
}

func TestWrongProofsCountAndLock(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	access := s.login().Access
	e := s.enrol(access)
	r.Clock.Advance(longAgo)
	prove := func(proof map[string]string) answer { return s.as(access, http.MethodPost, "/api/auth/proof", proof) }
	s.as(access, http.MethodPost, "/api/auth/proof", nil).Expect(t, http.StatusForbidden, "proof_required")
	for range 5 {
		prove(password(wrongPassword)).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	prove(password(adminPassword)).Expect(t, http.StatusTooManyRequests, "account_locked")
	for left := range 5 {
		a := prove(code(s.wrongCode(e.Secret)))
		a.Expect(t, http.StatusUnauthorized, "code_invalid")
		if got := attemptsLeft(t, a); got != 4-left {
			t.Errorf("%d attempts left, want %d", got, 4-left)
		}
	}
	prove(code(s.shown(e.Secret))).Expect(t, http.StatusTooManyRequests, "account_locked")
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome IN ('invalid_credentials', 'code_invalid')"); got != 10 {
		t.Errorf("%d wrong proofs are in the audit trail, want 10", got)
	}
}

func TestACodeProvesOnce(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	access := s.login().Access
	e := s.enrol(access)
	typed := s.shown(e.Secret)
	proved := together(4, func() answer { return s.as(access, http.MethodPost, "/api/auth/proof", code(typed)) }, http.StatusOK)
	if len(proved) != 1 {
		t.Errorf("one code has proved %d callers", len(proved))
	}
}

// A factor that somebody began is nothing to whoever finds a token later: it
// proves nothing, and does not wait for ever.
func TestAFactorThatWaits(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	e := s.enable(session.Access)
	r.Clock.Advance(longAgo)
	s.as(session.Access, http.MethodPost, "/api/auth/proof", code(s.shown(e.Secret))).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.as(session.Access, http.MethodPost, "/api/auth/proof", code(e.BackupCodes[0])).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.twoFactor(session.Access, "enable", nil).Expect(t, http.StatusForbidden, "proof_required") // replaces nothing
	r.Clock.Advance(time.Hour)
	later := s.refresh(session.Refresh).Access
	s.twoFactor(later, "verify", code(s.shown(e.Secret))).Expect(t, http.StatusConflict, "second_factor_missing")
	if got := query[int](r, "SELECT count(*) FROM second_factors WHERE verified_at IS NOT NULL"); got != 0 {
		t.Errorf("%d factors were taken into use", got)
	}
	fresh := s.enable(s.proves(later, password(adminPassword)).Access)
	decode[factors](t, s.twoFactor(later, "verify", code(s.shown(fresh.Secret))), http.StatusOK)
}

// Whoever has only a provider proves who they are by signing in there again.
func TestASignInThroughAProviderIsProof(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	_, a := s.newBrowser().signIn("elsewhere", nil)
	access := s.tokensOf(a).Access
	r.Clock.Advance(longAgo)
	s.twoFactor(access, "enable", nil).Expect(t, http.StatusForbidden, "proof_required")
	s.twoFactor(access, "enable", password(adminPassword)).Expect(t, http.StatusUnauthorized, "invalid_credentials")

	_, a = s.newBrowser().signIn("elsewhere", nil)
	s.enable(s.tokensOf(a).Access)
	s.twoFactor(access, "enable", nil).Expect(t, http.StatusForbidden, "proof_required") // for its own holder alone
}

// A proof issues a token, and no more of a session than there is.
func TestAProofDoesNotOutliveItsSession(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Tokens.RefreshTokenLifetime = realmconfig.Duration(time.Hour)
	r.Update()
	s := r.serve()
	session := s.login()
	r.Clock.Advance(59 * time.Minute)
	proven := s.proves(session.Access, password(adminPassword))
	if a := s.profile(proven.Access); a.Status != http.StatusOK {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	r.Clock.Advance(2 * time.Minute)
	s.profile(proven.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
}
