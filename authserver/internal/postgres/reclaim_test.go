// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// squat fills the account of an address that nobody has proved with everything
// that may be in one.
func squat(t *testing.T, s *postgres.Store, email string, now time.Time) auth.User {
	t.Helper()
	u := addUser(t, s, email)
	squatter := &ann{t: t, store: s, user: u, lastText: now}
	squatter.app, squatter.phone = squatter.newFactor(auth.TOTPMethod), squatter.newFactor(auth.SMSMethod)
	must := func(done bool, err error) {
		t.Helper()
		if err != nil || !done {
			t.Fatalf("done %t, %v", done, err)
		}
	}
	must(s.Enrol(t.Context(), mfa.NewFactor{Factor: squatter.app, BackupCodes: backups(0)}))
	squatter.mustVerify(mfa.MatchedCode{UserID: u.ID, Method: auth.TOTPMethod, Enrolment: squatter.app.Enrolment, Step: new(int64(0))})
	squatter.text(&mfa.NewFactor{Factor: squatter.phone})
	must(s.LinkIdentity(t.Context(), u, identityOf(u), auth.Effects{}))
	for i := range 2 {
		id := uuid.NewString()
		started, err := s.StartSession(t.Context(), signin.NewSession{
			SessionID: id, User: u, Refresh: randomHash(), NewHash: u.PasswordHash, Now: now, ExpiresAt: now.Add(time.Hour),
			Client: auth.Client{UserAgent: "squatter", Address: "192.0.2.66"},
		}, auth.Effects{})
		must(started.Started, err)
		if i == 0 {
			must(s.EndSession(t.Context(), id, session.EndedByLogout, now, auth.Effects{}))
			continue
		}
		must(s.AddPasskey(t.Context(), passkeyIn(id, u), auth.Effects{}))
		outcome, err := s.MakePersonalToken(t.Context(), making(reread(t, s, u), id, now), auth.Effects{})
		must(outcome == personaltoken.Made, err)
	}
	for _, kind := range []auth.OneTimeTokenKind{auth.ChallengeToken, auth.AuthorizationCodeToken, auth.LinkToken, auth.IdentityToken, auth.FederationStateToken} {
		err := s.IssueToken(t.Context(), auth.OneTimeToken{
			Hash: randomHash(), Kind: kind, UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}, auth.Effects{})
		must(err == nil, err)
	}
	agree(t, s, consentTo(u.ID, "email", "openid"))
	mailed(t, s, auth.ChangeEmailToken, u, "squatter+"+email, now)
	return reread(t, s, u)
}

func identityOf(u auth.User) federation.LinkedIdentity {
	return federation.LinkedIdentity{
		ID: uuid.NewString(), UserID: u.ID, CreatedAt: start, LastUsedAt: start,
		Identity: federation.Identity{Provider: "google", Issuer: "https://accounts.example.com", Subject: uuid.NewString(), Email: u.Email},
	}
}

// reclaims are the ways to prove an address first.
func reclaims(t *testing.T, s *postgres.Store) map[string]func(auth.User, auth.OneTimeToken, time.Time) (bool, []string, error) {
	t.Helper()
	byMail := func(u auth.User, ticket auth.OneTimeToken, now time.Time) (bool, []string, error) {
		r, err := s.ReclaimByMail(context.Background(), reclaim.Claim{User: u, Now: now}, ticket, auth.Effects{})
		return r.Done, r.Ended, err
	}
	return map[string]func(auth.User, auth.OneTimeToken, time.Time) (bool, []string, error){
		"mail": byMail,
		"code": byMail,
		"identity": func(u auth.User, _ auth.OneTimeToken, now time.Time) (bool, []string, error) {
			r, err := s.ReclaimByIdentity(context.Background(), reclaim.Claim{User: u, Now: now}, identityOf(u), auth.Effects{})
			return r.Done, r.Ended, err
		},
		"reset": func(u auth.User, ticket auth.OneTimeToken, now time.Time) (bool, []string, error) {
			c, err := s.SetPassword(context.Background(), account.NewPassword{User: u, Hash: "owner's", Redeems: &ticket.Hash, Now: now}, auth.Effects{})
			return c.Changed, c.Ended, err
		},
	}
}

// ticketFor is what a way of reclaiming redeems.
func ticketFor(t *testing.T, s *postgres.Store, way string, u auth.User, now time.Time) auth.OneTimeToken {
	t.Helper()
	kind := auth.VerifyEmailToken
	switch way {
	case "code":
		kind = auth.MailedCodeToken
	case "reset":
		kind = auth.ResetPasswordToken
	}
	return mailed(t, s, kind, u, u.Email, now)
}

// leftOf is what is still in an account of those who had it before its owner.
func leftOf(t *testing.T, url string, u auth.User, kept int) string {
	t.Helper()
	left := ""
	for table, most := range map[string]int{
		"second_factors": 0, "backup_codes": 0, "text_codes": 0, "passkeys": 0, "tickets": 0, "identities": kept, "consents": 0, "personal_access_tokens": 0,
	} {
		if n := count(t, url, table+" WHERE user_id = '"+u.ID+"'"); n != most {
			left += fmt.Sprintf("%d rows of %s, ", n, table)
		}
	}
	for what, rows := range map[string]string{
		"sessions that live":    "sessions WHERE ended_at IS NULL AND user_id",
		"places that are known": "sessions WHERE user_agent <> '' AND user_id",
		"names":                 "users WHERE name <> '' AND id",
		"old passwords":         "users WHERE password_hash = 'hash' AND id",
		"known devices":         "users WHERE password_changed_at IS NULL AND id",
		"unproved addresses":    "users WHERE email_verified_at IS NULL AND id",
	} {
		if n := count(t, url, rows+" = '"+u.ID+"'"); n != 0 {
			left += fmt.Sprintf("%d %s, ", n, what)
		}
	}
	return left
}

func TestAFirstProofOfAnAddressDropsWhatWasThere(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for way, reclaim := range reclaims(t, s) {
		t.Run(way, func(t *testing.T) {
			u := squat(t, s, way+"@example.com", start)
			now := start.Add(2 * time.Hour)
			ticket := ticketFor(t, s, way, u, now)
			done, ended, err := reclaim(u, ticket, now)
			if err != nil || !done || len(ended) != 2 { // a session, and a token
				t.Fatalf("done %t, ended %v, %v", done, ended, err)
			}
			kept := 0
			if way == "identity" {
				kept = 1
			}
			if left := leftOf(t, url, u, kept); left != "" {
				t.Error(left)
			}
			if done, _, err := reclaim(u, ticket, now); err != nil || done {
				t.Errorf("again: done %t, %v", done, err)
			}
		})
	}
}

// The owner of a proved address keeps everything, whoever reads their mail.
func TestAProvedAddressIsNotReclaimed(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for way, reclaim := range reclaims(t, s) {
		t.Run(way, func(t *testing.T) {
			u := squat(t, s, way+"@example.com", start)
			late := start.Add(2 * time.Hour)
			proof := mailed(t, s, auth.VerifyEmailToken, u, u.Email, late)
			if proved, err := s.ProveEmail(t.Context(), auth.VerifyEmailToken, proof.Hash, auth.Effects{}, late); err != nil || !proved {
				t.Fatalf("proved %t, %v", proved, err)
			}
			ticket := ticketFor(t, s, way, u, late)
			if done, _, err := reclaim(u, ticket, late); err != nil || done {
				t.Errorf("done %t, %v", done, err)
			}
			if way == "reset" {
				if done, _, err := reclaim(reread(t, s, u), ticket, late); err != nil || !done {
					t.Errorf("an ordinary reset: done %t, %v", done, err)
				}
			}
			for _, table := range []string{"second_factors", "backup_codes", "passkeys", "identities", "consents"} {
				if count(t, url, table+" WHERE user_id = '"+u.ID+"'") == 0 {
					t.Errorf("%s are gone", table)
				}
			}
		})
	}
}

// Whoever is in the account while its owner reclaims it does all they can, at
// every moment; nothing of it is there afterwards.
func TestNothingSlipsPastAReclaim(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for way, reclaim := range reclaims(t, s) {
		t.Run(way, func(t *testing.T) {
			for round := range rounds {
				u := addUser(t, s, fmt.Sprintf("%s-%d@example.com", way, round))
				ticket := ticketFor(t, s, way, u, start)
				app := (&ann{user: u}).newFactor(auth.TOTPMethod)
				if enrolled, err := s.Enrol(t.Context(), mfa.NewFactor{Factor: app, BackupCodes: backups(0)}); err != nil || !enrolled {
					t.Fatalf("enrolled %t, %v", enrolled, err)
				}
				held, known := newSession(t, s, u, "", start), passkeyOf(t, s, u)
				if added, err := s.AddPasskey(t.Context(), known, auth.Effects{}); err != nil || !added {
					t.Fatalf("added %t, %v", added, err)
				}
				login := func(shown *passkey.Presented) (bool, error) {
					started, err := s.StartSession(context.Background(), signin.NewSession{
						SessionID: uuid.NewString(), User: u, Refresh: randomHash(), NewHash: u.PasswordHash, Passkey: shown,
						Now: start, ExpiresAt: start.Add(time.Hour),
					}, auth.Effects{})
					return started.Started, err
				}
				done := atomic.Bool{}
				race(t, func(i int) (bool, error) {
					switch {
					case i == callers/2:
						for !done.Load() {
							is, _, err := reclaim(reread(t, s, u), ticket, start)
							if err != nil {
								return false, err
							}
							done.Store(is)
						}
						return true, nil
					case i%6 == 0:
						return s.LinkIdentity(context.Background(), u, identityOf(u), auth.Effects{})
					case i%6 == 1:
						return s.VerifyFactor(context.Background(), mfa.MatchedCode{
							UserID: u.ID, Method: auth.TOTPMethod, Enrolment: app.Enrolment, Step: new(int64(i)),
						}, start, auth.Effects{})
					case i%6 == 2:
						return login(nil)
					case i%6 == 3:
						return login(&passkey.Presented{ID: known.ID, UserID: u.ID, SignCount: uint32(i)})
					case i%6 == 4:
						return s.AddPasskey(context.Background(), passkeyIn(held, u), auth.Effects{})
					default:
						outcome, err := s.MakePersonalToken(context.Background(), making(u, held, start), auth.Effects{})
						return outcome == personaltoken.Made, err
					}
				})
				kept := 0
				if way == "identity" {
					kept = 1
				}
				if left := leftOf(t, url, u, kept); left != "" {
					t.Fatalf("in round %d: %s", round, left)
				}
			}
		})
	}
}

// The link of a mail says yes or no, and never both.
func TestALinkConfirmsOrReclaims(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for round := range rounds {
		u := addUser(t, s, fmt.Sprintf("ann-%d@example.com", round))
		ticket := mailed(t, s, auth.VerifyEmailToken, u, u.Email, start)
		reclaimed := atomic.Int32{}
		won := race(t, func(i int) (bool, error) {
			if i%2 == 0 {
				return s.ProveEmail(context.Background(), auth.VerifyEmailToken, ticket.Hash, auth.Effects{}, start)
			}
			r, err := s.ReclaimByMail(context.Background(), reclaim.Claim{User: u, Now: start}, ticket, auth.Effects{})
			if r.Done {
				reclaimed.Add(1)
			}
			return r.Done, err
		})
		if won != 1 {
			t.Fatalf("%d of %d won", won, callers)
		}
		if without := count(t, url, "users WHERE password_hash IS NULL AND id = '"+u.ID+"'"); without != int(reclaimed.Load()) {
			t.Fatalf("%d reclaims, %d accounts without a password", reclaimed.Load(), without)
		}
	}
}

func TestATicketIsCancelledOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	now := start
	for range rounds {
		now = now.Add(auth.QuotaWindow)
		ticket := mailed(t, s, auth.ChangeEmailToken, u, "ann.lee@example.com", now)
		won := race(t, func(i int) (bool, error) {
			if i == 0 {
				return s.CancelToken(context.Background(), auth.VerifyEmailToken, ticket.Hash, auth.Effects{}, now) // of another kind
			}
			return s.CancelToken(context.Background(), auth.ChangeEmailToken, ticket.Hash, auth.Effects{}, now)
		})
		if won != 1 {
			t.Fatalf("%d of %d cancelled it", won, callers)
		}
	}
	if count(t, url, "users WHERE email_verified_at IS NOT NULL") != 0 {
		t.Error("the address counts as proved")
	}
}
