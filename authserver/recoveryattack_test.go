// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func (s *server) cancelByMail(secret string) answer {
	s.t.Helper()
	return s.post("/api/auth/recovery/cancel/"+secret, nil)
}

func (s *server) cancelRecovery(access string) answer {
	s.t.Helper()
	return s.as(access, http.MethodDelete, "/api/user/recovery", nil)
}

// expectOver lets the time of a recovery pass that was ended: no link is mailed.
func (s *server) expectOver(email string) {
	s.t.Helper()
	s.realm.Clock.Advance(recoveryWait)
	for _, l := range s.realm.letters(email) {
		if l.kind == auth.RecoveryReadyMessage {
			s.t.Error("a link was mailed")
		}
	}
	if got := query[int](s.realm, "SELECT count(*) FROM outbox"); got != 0 {
		s.t.Errorf("%d mails wait", got)
	}
	if got := query[int](s.realm, "SELECT count(*) FROM recoveries WHERE ended_at IS NULL"); got != 0 {
		s.t.Errorf("%d recoveries wait", got)
	}
}

// A thief who reads the mail is told on: the mail that tells of it has a link that cancels, which
// whoever looks at mails may open.
func TestRecoveryIsCancelledByMail(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	d := newDevice(t)
	session := s.registerBob(d)
	_, cancel := s.beginRecovery(bobEmail)
	for range 3 {
		decode[recoveryBody](t, s.do(newRequest(t, http.MethodGet, "/api/auth/recovery/cancel/"+cancel, nil)), http.StatusOK)
	}
	if s.recovery(session.Access) == nil {
		t.Fatal("looking at it has cancelled it")
	}
	s.cancelByMail("rkz_"+cancel[5:]+"A").Expect(t, http.StatusBadRequest, "recovery_invalid")
	s.cancelByMail(cancel).Expect(t, http.StatusNoContent, "")
	s.cancelByMail(cancel).Expect(t, http.StatusBadRequest, "recovery_invalid")
	if s.recovery(session.Access) != nil {
		t.Error("it goes on")
	}
	r.lastLetter(bobEmail, auth.RecoveryCancelledMessage)
	s.expectOver(bobEmail)
	s.tokensOf(s.showsPasskey(d))
	if got := query[string](r, "SELECT detail FROM audit_events WHERE action = 'recovery.cancelled' AND outcome = 'succeeded'"); got != "mail" {
		t.Errorf("cancelled by %q", got)
	}
}

// A session that somebody has found does not cancel, and a stolen passkey not for ever.
func TestRecoveryIsCancelledFromTheAccount(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	d := newDevice(t)
	session := s.registerBob(d)
	r.Clock.Advance(longAgo)
	for range 3 {
		s.beginRecovery(bobEmail)
		s.cancelRecovery(session.Access).Expect(t, http.StatusForbidden, "proof_required")
		proven := s.tokensOf(s.showsPasskey(d)).Access
		s.cancelRecovery(proven).Expect(t, http.StatusNoContent, "")
		s.cancelRecovery(proven).Expect(t, http.StatusBadRequest, "recovery_invalid")
		session = s.refresh(session.Refresh)
		r.Clock.Advance(2 * time.Hour) // or there would be too many mails
		session = s.refresh(session.Refresh)
	}
	s.beginRecovery(bobEmail)
	s.cancelRecovery(s.tokensOf(s.showsPasskey(d)).Access).Expect(t, http.StatusConflict, "recovery_contested")
	s.choosesPasskey(s.waits(bobEmail), newDevice(t))
	s.showsPasskey(d).Expect(t, http.StatusUnauthorized, "passkey_invalid")
}

// What its owner does meanwhile ends it.
func TestWhatVoidsARecovery(t *testing.T) {
	t.Parallel()
	const moved = "bob.moved@example.com"
	for name, void := range map[string]func(s *server, session tokens){
		"a password": func(s *server, session tokens) {
			s.as(session.Access, http.MethodPost, "/api/user/password", map[string]string{"new_password": newPassword}).Expect(s.t, http.StatusNoContent, "")
		},
		"another address": func(s *server, session tokens) {
			suite.secrets.used(moved)
			s.as(session.Access, http.MethodPost, "/api/user/email", map[string]string{"email": moved}).Expect(s.t, http.StatusAccepted, "")
			token := s.realm.lastLetter(moved, auth.VerifyEmailMessage).token(s.t)
			verify := newRequest(s.t, http.MethodPost, "/api/auth/verify-email", map[string]string{"token": token})
			verify.Header.Set("Authorization", "Bearer "+session.Access)
			s.do(verify).Expect(s.t, http.StatusOK, "")
		},
		"an admin who shuts the user out": func(s *server, session tokens) {
			id := claimsOf(s.t, session.Access)["sub"].(string)
			s.as(s.login().Access, http.MethodPatch, "/api/admin/users/"+id, map[string]bool{"disabled": true}).Expect(s.t, http.StatusOK, "")
		},
		"an admin who cancels it": func(s *server, session tokens) {
			id := claimsOf(s.t, session.Access)["sub"].(string)
			s.as(s.login().Access, http.MethodDelete, "/api/admin/users/"+id+"/recovery", nil).Expect(s.t, http.StatusNoContent, "")
		},
		"the end of the account": func(s *server, session tokens) {
			s.as(session.Access, http.MethodDelete, "/api/user", nil).Expect(s.t, http.StatusNoContent, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
			session := s.registerBob(newDevice(t))
			_, cancel := s.beginRecovery(bobEmail)
			void(s, session)
			s.cancelByMail(cancel).Expect(t, http.StatusBadRequest, "recovery_invalid")
			s.expectOver(bobEmail)
		})
	}
}

// Each of these comes too late: the link was mailed already.
func TestWhatVoidsTheLinkOfARecovery(t *testing.T) {
	t.Parallel()
	for name, void := range map[string]func(s *server, d *device, cancel string){
		"the link that cancels": func(s *server, _ *device, cancel string) {
			s.cancelByMail(cancel).Expect(s.t, http.StatusNoContent, "")
		},
		"the account page": func(s *server, d *device, _ string) {
			s.cancelRecovery(s.tokensOf(s.showsPasskey(d)).Access).Expect(s.t, http.StatusNoContent, "")
		},
		"a password": func(s *server, d *device, _ string) {
			access := s.tokensOf(s.showsPasskey(d)).Access
			s.as(access, http.MethodPost, "/api/user/password", map[string]string{"new_password": newPassword}).Expect(s.t, http.StatusNoContent, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
			d := newDevice(t)
			s.registerBob(d)
			_, cancel := s.beginRecovery(bobEmail)
			secret := s.waits(bobEmail)
			c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
			void(s, d, cancel)
			theirs := newDevice(t)
			s.choosePasskey(secret, c, theirs.create(c)).Expect(t, http.StatusBadRequest, "credential_token_invalid")
			s.choosePassword(secret, strangerPassword).Expect(t, http.StatusBadRequest, "credential_token_invalid")
			s.tokensOf(s.showsPasskey(d))
		})
	}
}

// An admin who knows who is asking need not have them wait; a thief of the admin's token may not.
func TestAdminsLetARecoveryThrough(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	d := newDevice(t)
	session := s.registerBob(d)
	path := "/api/admin/users/" + claimsOf(t, session.Access)["sub"].(string)
	approve := func(access string) answer { return s.as(access, http.MethodPost, path+"/recovery/approve", nil) }
	approve(s.login().Access).Expect(t, http.StatusBadRequest, "recovery_invalid")
	begun, _ := s.beginRecovery(bobEmail)
	approve(session.Access).Expect(t, http.StatusForbidden, "permission_denied")
	admin := s.login()
	seen := decode[struct{ Recovery *recoveryBody }](t, s.as(admin.Access, http.MethodGet, path, nil), http.StatusOK).Recovery
	if seen == nil || !seen.ReadyAt.Equal(begun.ReadyAt) || seen.Address == "" {
		t.Errorf("an admin sees %+v", seen)
	}
	r.Clock.Advance(longAgo)
	approve(admin.Access).Expect(t, http.StatusForbidden, "proof_required")
	approve(s.login().Access).Expect(t, http.StatusNoContent, "")
	approve(s.login().Access).Expect(t, http.StatusBadRequest, "recovery_invalid")
	secret := r.readyLetter(bobEmail).secret(t)
	s.cancelRecovery(s.tokensOf(s.showsPasskey(d)).Access).Expect(t, http.StatusConflict, "recovery_contested")
	s.choosesPasskey(secret, newDevice(t))
	s.showsPasskey(d).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	r.Clock.Advance(recoveryWait)
	mailed := 0
	for _, l := range r.letters(bobEmail) {
		if l.kind == auth.RecoveryReadyMessage {
			mailed++
		}
	}
	if mailed != 1 {
		t.Errorf("%d links were mailed", mailed)
	}
}

func TestManyAtOnceRecoverOnce(t *testing.T) {
	t.Parallel()
	const callers = 50
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerBob(newDevice(t))
	link := s.recoveryLink(bobEmail)
	begun := race.Winners(callers, func(int) answer { return s.tryRecover(link) }, func(a answer) bool { return a.Status == http.StatusAccepted })
	if len(begun) == 0 {
		t.Fatal("nobody has begun it")
	}
	for _, a := range begun { // whoever finds that it waits is told when it is over
		if got := decode[recoveryBody](t, a, http.StatusAccepted); !got.ReadyAt.Equal(decode[recoveryBody](t, begun[0], http.StatusAccepted).ReadyAt) {
			t.Error("there are two waits")
		}
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'recovery.begun'"); got != 1 {
		t.Errorf("begun %d times", got)
	}
	secret := s.waits(bobEmail)
	devices, asked := make([]*device, callers), make([]ceremony, callers)
	for i := range callers {
		devices[i], asked[i] = newDevice(t), s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
	}
	winners := race.Winners(callers, func(i int) answer {
		return s.choosePasskey(secret, asked[i], devices[i].create(asked[i]))
	}, func(a answer) bool { return a.Status == http.StatusOK })
	if len(winners) != 1 {
		t.Fatalf("%d have won", len(winners))
	}
	s.tokensOf(winners[0])
	if got := query[int](r, "SELECT count(*) FROM passkeys"); got != 1 {
		t.Errorf("%d passkeys", got)
	}
}

// Of an owner who objects and a thief who chooses, at the same moment, one has their way.
func TestACancellationAndAChoiceAtOnce(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerBob(newDevice(t))
	for range 5 {
		_, cancel := s.beginRecovery(bobEmail)
		secret := s.waits(bobEmail)
		c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
		credential := newDevice(t).create(c)
		answers := race.Answers(2, func(i int) answer {
			if i == 0 {
				return s.cancelByMail(cancel)
			}
			return s.choosePasskey(secret, c, credential)
		})
		cancelled, chosen := answers[0].Status == http.StatusNoContent, answers[1].Status == http.StatusOK
		if cancelled == chosen {
			t.Fatalf("cancelled %s, chosen %s", answers[0].Body, answers[1].Body)
		}
		if chosen {
			s.tokensOf(answers[1])
		}
		r.Clock.Advance(2 * time.Hour)
	}
}

// Nobody is to wait without their owner having been told.
func TestARecoveryBeginsWithItsMailAlone(t *testing.T) {
	t.Parallel()
	_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerBob(newDevice(t))
	for n := range notify.NoticeLimit + 1 {
		link := s.recoveryTicket(bobEmail)
		a := s.tryRecover(link)
		if n == notify.NoticeLimit {
			a.Expect(t, http.StatusTooManyRequests, "rate_limited")
			break
		}
		a.Expect(t, http.StatusAccepted, "")
		s.cancelByMail(s.realm.lastLetter(bobEmail, auth.RecoveryBegunMessage).secret(t)).Expect(t, http.StatusNoContent, "")
	}
}

// recoveryTicket is recoveryLink beyond the limit of its own mails.
func (s *server) recoveryTicket(email string) string {
	s.t.Helper()
	s.realm.Exec("DELETE FROM quotas WHERE allowed = $1", notify.MailLimit)
	return s.recoveryLink(email)
}
