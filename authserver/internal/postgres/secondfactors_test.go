// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// ann has an app, a telephone and backup codes.
type ann struct {
	t        *testing.T
	store    *postgres.Store
	user     auth.User
	app      mfa.Factor
	phone    mfa.Factor
	lastText time.Time
}

func newAnn(t *testing.T, s *postgres.Store) *ann {
	t.Helper()
	login(t, s, 1, start)
	user, _, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	a := &ann{t: t, store: s, user: user, lastText: start}
	a.app = a.newFactor(auth.TOTPMethod)
	if enrolled, err := s.Enrol(t.Context(), mfa.NewFactor{Factor: a.app, BackupCodes: backups(0)}); err != nil || !enrolled {
		t.Fatalf("enrolled %t, %v", enrolled, err)
	}
	a.mustVerify(mfa.MatchedCode{UserID: user.ID, Method: auth.TOTPMethod, Enrolment: a.app.Enrolment, Step: new(int64(0))})
	a.phone = a.newFactor(auth.SMSMethod)
	text := a.text(&mfa.NewFactor{Factor: a.phone})
	a.mustVerify(mfa.MatchedCode{UserID: user.ID, Method: auth.SMSMethod, Enrolment: a.phone.Enrolment, Text: text})
	return a
}

func (a *ann) newFactor(m auth.Method) mfa.Factor {
	return mfa.Factor{UserID: a.user.ID, Method: m, Enrolment: uuid.NewString(), Sealed: []byte(uuid.NewString()), CreatedAt: start}
}

func (a *ann) mustVerify(code mfa.MatchedCode) {
	a.t.Helper()
	if verified, err := a.store.VerifyFactor(a.t.Context(), code, a.lastText, auth.Effects{}); err != nil || !verified {
		a.t.Fatalf("verified %t, %v", verified, err)
	}
}

// text sends a code, an hour after the last one, and returns its id.
func (a *ann) text(enrols *mfa.NewFactor) string {
	a.t.Helper()
	a.lastText = a.lastText.Add(time.Hour)
	code := a.textCode(a.lastText)
	sent, err := a.store.SendText(a.t.Context(), code, enrols, textLimit, auth.Effects{})
	if err != nil || !sent.Sent {
		a.t.Fatalf("sent %+v, %v", sent, err)
	}
	return code.ID
}

var textLimit = mfa.TextLimit{Pause: 30 * time.Second, PerHour: 5}

func (a *ann) textCode(now time.Time) mfa.TextCode {
	return mfa.TextCode{
		ID: uuid.NewString(), UserID: a.user.ID, Enrolment: a.phone.Enrolment, Sealed: []byte("sealed"),
		SentAt: now, ExpiresAt: now.Add(5 * time.Minute),
	}
}

func backups(first byte) []auth.TokenHash {
	hashes := []auth.TokenHash{}
	for i := range byte(rounds) {
		hashes = append(hashes, auth.TokenHash{first, i})
	}
	return hashes
}

// codes makes, for each kind of code, the one of a round.
func (a *ann) codes() map[string]func(round int) mfa.MatchedCode {
	return map[string]func(int) mfa.MatchedCode{
		"a step": func(round int) mfa.MatchedCode {
			return mfa.MatchedCode{UserID: a.user.ID, Method: auth.TOTPMethod, Enrolment: a.app.Enrolment, Step: new(int64(round + 1))}
		},
		"a backup code": func(round int) mfa.MatchedCode {
			return mfa.MatchedCode{UserID: a.user.ID, Method: auth.BackupCodeMethod, Backup: &auth.TokenHash{0, byte(round)}}
		},
		"a text": func(int) mfa.MatchedCode {
			return mfa.MatchedCode{UserID: a.user.ID, Method: auth.SMSMethod, Enrolment: a.phone.Enrolment, Text: a.text(nil)}
		},
	}
}

func TestACodeIsSpentOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"a step", "a backup code", "a text"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			a := newAnn(t, s)
			next := a.codes()[kind]
			for round := range rounds {
				code := next(round)
				won := race(t, func(int) (bool, error) { return s.UseCode(t.Context(), code, a.lastText) })
				if won != 1 {
					t.Fatalf("round %d: %d of %d spent it", round, won, callers)
				}
			}
		})
	}
}

// Fifty logins wait for the same code: one gets its session, and the others keep
// their challenges for the next code.
func TestACodeOpensOneSession(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"a step", "a backup code", "a text"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			a := newAnn(t, s)
			next := a.codes()[kind]
			open := []auth.TokenHash{}
			for round := range 10 {
				for len(open) < 50 {
					open = append(open, a.challenge())
				}
				code, before := next(round), count(t, url, "sessions")
				won := race(t, func(i int) (bool, error) { return a.answer(open[i], code) })
				if sessions := count(t, url, "sessions") - before; won != 1 || sessions != 1 {
					t.Fatalf("round %d: %d of 50 won, %d sessions", round, won, sessions)
				}
				open = slices.DeleteFunc(open, func(h auth.TokenHash) bool { return !a.isOpen(h) })
				if len(open) != 49 {
					t.Fatalf("round %d: %d challenges are left", round, len(open))
				}
			}
		})
	}
}

func TestAChallengeOpensOneSession(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	a := newAnn(t, s)
	for round := range rounds {
		ticket, before := a.challenge(), count(t, url, "sessions")
		if _, err := s.ReplaceBackupCodes(t.Context(), a.user.ID, backups(byte(round)), start, auth.Effects{}); err != nil {
			t.Fatal(err)
		}
		won := race(t, func(i int) (bool, error) { // fifty codes, all of them right
			return a.answer(ticket, mfa.MatchedCode{UserID: a.user.ID, Method: auth.BackupCodeMethod, Backup: &auth.TokenHash{byte(round), byte(i)}})
		})
		if sessions := count(t, url, "sessions") - before; won != 1 || sessions != 1 {
			t.Fatalf("round %d: %d of 50 won, %d sessions", round, won, sessions)
		}
	}
}

func (a *ann) challenge() auth.TokenHash {
	a.t.Helper()
	id := uuid.New()
	hash := auth.TokenHash{}
	copy(hash[:], id[:])
	err := a.store.IssueToken(a.t.Context(), auth.OneTimeToken{
		Hash: hash, Kind: auth.ChallengeToken, UserID: a.user.ID, CreatedAt: start, ExpiresAt: start.Add(1000 * time.Hour),
	}, auth.Effects{})
	if err != nil {
		a.t.Fatal(err)
	}
	return hash
}

func (a *ann) isOpen(ticket auth.TokenHash) bool {
	a.t.Helper()
	_, open, err := a.store.PeekToken(a.t.Context(), auth.ChallengeToken, ticket, a.lastText)
	if err != nil {
		a.t.Fatal(err)
	}
	return open
}

func (a *ann) answer(ticket auth.TokenHash, code mfa.MatchedCode) (bool, error) {
	refresh := auth.TokenHash{}
	id := uuid.New()
	copy(refresh[:], id[:])
	started, err := a.store.StartSession(a.t.Context(), signin.NewSession{
		SessionID: uuid.NewString(), User: a.user, Refresh: refresh, NewHash: a.user.PasswordHash,
		Redeems: &ticket, Code: &code, Now: a.lastText, ExpiresAt: a.lastText.Add(time.Hour),
	}, auth.Effects{})
	return started.Started, err
}

// With a password that was changed meanwhile there is no session, whatever the
// code; and a session that needs a code never starts with a used one.
func TestNoSessionWithoutEverything(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := newAnn(t, s)
	code := a.codes()["a step"](5)
	stale := *a
	stale.user.PasswordHash = "another"
	for name, try := range map[string]func() (bool, error){
		"a step of another enrolment": func() (bool, error) {
			other := code
			other.Enrolment = uuid.NewString()
			return a.answer(a.challenge(), other)
		},
		"a code of another user": func() (bool, error) {
			other := code
			other.UserID = uuid.NewString()
			return a.answer(a.challenge(), other)
		},
		"no such challenge": func() (bool, error) { return a.answer(auth.TokenHash{9}, a.codes()["a step"](6)) },
		"no such backup code": func() (bool, error) {
			return a.answer(a.challenge(), mfa.MatchedCode{UserID: a.user.ID, Method: auth.BackupCodeMethod, Backup: &auth.TokenHash{8, 8}})
		},
		"another password": func() (bool, error) { return stale.answer(stale.challenge(), a.codes()["a step"](7)) },
	} {
		if won, err := try(); err != nil || won {
			t.Errorf("%s: won %t, %v", name, won, err)
		}
	}
	if won, err := a.answer(a.challenge(), a.codes()["a step"](20)); err != nil || !won {
		t.Errorf("with everything: won %t, %v", won, err)
	}
}

func TestAFactorIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := newAnn(t, s)
	for round := range rounds {
		if removed, err := s.RemoveFactors(t.Context(), a.user.ID, mfa.Which{}, start, auth.Effects{}); err != nil || !removed {
			t.Fatalf("removed %t, %v", removed, err)
		}
		f := a.newFactor(auth.TOTPMethod)
		if _, err := s.Enrol(t.Context(), mfa.NewFactor{Factor: f, BackupCodes: backups(7)}); err != nil {
			t.Fatal(err)
		}
		won := race(t, func(int) (bool, error) {
			return s.VerifyFactor(t.Context(), mfa.MatchedCode{
				UserID: a.user.ID, Method: auth.TOTPMethod, Enrolment: f.Enrolment, Step: new(int64(3)),
			}, start, auth.Effects{})
		})
		factors, err := s.FactorsOf(t.Context(), a.user.ID, start)
		if won != 1 || err != nil || factors.BackupCodes != rounds {
			t.Fatalf("round %d: %d of 50 verified it, %d backup codes, %v", round, won, factors.BackupCodes, err)
		}
	}
}

func TestTextsAreLimited(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := newAnn(t, s)
	now := a.lastText.Add(time.Hour)
	send := func(at time.Time) mfa.TextSent {
		t.Helper()
		sent, err := s.SendText(t.Context(), a.textCode(at), nil, textLimit, auth.Effects{})
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	won := race(t, func(int) (bool, error) {
		sent, err := s.SendText(t.Context(), a.textCode(now), nil, textLimit, auth.Effects{})
		if err == nil && !sent.Sent && (sent.RetryAt == nil || !sent.RetryAt.Equal(now.Add(30*time.Second))) {
			t.Errorf("refused until %v", sent.RetryAt)
		}
		return sent.Sent, err
	})
	if won != 1 {
		t.Fatalf("%d of 50 were sent at once", won)
	}
	for i := range 4 {
		at := now.Add(time.Duration(i+1) * 30 * time.Second)
		if early := send(at.Add(-time.Second)); early.Sent {
			t.Fatal("sent a second early")
		}
		if !send(at).Sent {
			t.Fatalf("message %d of the hour was refused", i+2)
		}
	}
	sixth := send(now.Add(10 * time.Minute))
	if sixth.Sent || sixth.RetryAt == nil || !sixth.RetryAt.Equal(now.Add(time.Hour)) {
		t.Fatalf("the sixth of the hour: %+v", sixth)
	}
	if enrols := a.newFactor(auth.SMSMethod); true { // another telephone is no other count
		code := a.textCode(now.Add(11 * time.Minute))
		code.Enrolment = enrols.Enrolment
		sent, err := s.SendText(t.Context(), code, &mfa.NewFactor{Factor: enrols}, textLimit, auth.Effects{})
		if err != nil || sent.Sent {
			t.Fatalf("to another telephone: %+v, %v", sent, err)
		}
	}
	if !send(now.Add(time.Hour)).Sent {
		t.Error("refused after the hour")
	}
}

func TestSealedValuesOfOtherKeysAreFound(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := newAnn(t, s) // two values, neither of them of a key
	present := []byte{1, 3, 'o', 'n', 'e'}
	all := []auth.SealedValue{}
	for last := (auth.SealedValue{}); ; {
		batch, err := s.SealedWithOtherKeys(t.Context(), present, last, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		last = batch[0]
		all = append(all, last)
	}
	if len(all) != 2 || all[0].Owner != a.user.ID || all[0].Purpose == all[1].Purpose {
		t.Fatalf("found %+v", all)
	}
	left := func(primary []byte, want int) {
		t.Helper()
		if n, err := s.CountSealedWithOtherKeys(t.Context(), primary); err != nil || n != want {
			t.Errorf("%d are left, want %d; %v", n, want, err)
		}
	}
	left(present, 2)
	if err := s.Reseal(t.Context(), all[0], append(present, 0, 0)); err != nil {
		t.Fatal(err)
	}
	left(present, 1)
	left([]byte{1, 3, 'o', 'n', 'f'}, 2) // its neighbours are other keys
	left([]byte{1, 3, 'o', 'n', 'd'}, 2)
	left([]byte{1, 3, 'o', 'n', 0xff}, 2)
	left([]byte{1, 2, 'o', 'n'}, 2)
	if err := s.Reseal(t.Context(), all[0], append(present, 1, 1)); err != nil { // it has been changed meanwhile
		t.Fatal(err)
	}
	factors, err := s.FactorsOf(t.Context(), a.user.ID, start)
	if err != nil || !slices.ContainsFunc(factors.All, func(f mfa.Factor) bool { return slices.Equal(f.Sealed, append(present, 0, 0)) }) {
		t.Errorf("a late writer won: %v", err)
	}
}
