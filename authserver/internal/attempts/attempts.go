// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Reservation is the answer to an announced attempt.
type Reservation struct {
	Refused bool
	// By is which of the counters refused.
	By int
	// LockedUntil is zero when attempts in flight have used up the limit.
	LockedUntil time.Time
}

// Tally is where a Counter stands after a failure.
type Tally struct {
	// Left is how many more failures the counter takes before it is locked.
	Left int
	// LockedUntil is zero unless this failure has locked the counter.
	LockedUntil time.Time
}

// Reserve announces an attempt to every counter. Where attempts in flight have used up
// a limit, it waits for some seconds until one of them is decided. It refuses with
// AccountLocked or TooManyAttempts, or with RateLimited when the source is the reason.
func (s *Service) Reserve(ctx context.Context, counters ...auth.Counter) error {
	contested, others := s.turns.contested(counters)
	if !others {
		var err error
		if contested, err = s.tryReserve(ctx, counters); contested == nobody {
			return err
		}
	}
	patience, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	turn, taken := s.turns.take(patience, counters[contested].Key)
	if !taken {
		return counters[contested].Refusal(0)
	}
	defer turn.leave()
	for {
		contested, err := s.tryReserve(ctx, counters)
		switch {
		case contested == nobody:
			return err
		case !turn.again(patience):
			return counters[contested].Refusal(0)
		}
	}
}

// nobody is the place of a counter that attempts in flight have used up, when there is none.
const nobody = -1

// tryReserve does not wait. It returns the place of the counter whose limit attempts in
// flight have used up, and nobody when that is decided, with an error as of Reserve.
func (s *Service) tryReserve(ctx context.Context, counters []auth.Counter) (contested int, err error) {
	now := s.Now()
	for _, c := range counters {
		if until := s.rememberedLock(ctx, c, now); until.After(now) {
			return nobody, c.Refusal(until.Sub(now))
		}
	}
	r, err := s.Store.ReserveAttempts(ctx, counters, now)
	if err != nil || !r.Refused {
		return nobody, err
	}
	by := counters[r.By]
	if r.LockedUntil.After(now) {
		// Redis did not know: it was away, flushed, or another pod's.
		s.rememberLock(ctx, by, now, r.LockedUntil)
		return nobody, by.Refusal(r.LockedUntil.Sub(now))
	}
	return r.By, nil
}

// Decided lets those take their turn who wait for an attempt in flight. Fail, Release and
// ForgetLocks do so by themselves.
func (s *Service) Decided(counters ...auth.Counter) {
	for _, c := range counters {
		s.turns.decided(c.Key)
	}
}

// Fail lets a reserved attempt stand and locks the counters of which it
// was the last one allowed; also is for a lock of the first. When the Store does
// not answer, the tallies are nil, and the reservation itself still counts.
func (s *Service) Fail(ctx context.Context, also auth.Effects, counters ...auth.Counter) []Tally {
	defer s.Decided(counters...)
	now := s.Now()
	tallies, err := s.Store.FailAttempts(ctx, counters, now, also)
	if err != nil {
		s.Log.ErrorContext(ctx, "failed attempt not concluded", "error", err)
		return nil
	}
	for i, t := range tallies {
		if !t.LockedUntil.After(now) {
			continue
		}
		s.rememberLock(ctx, counters[i], now, t.LockedUntil)
		s.Observer.Lockout(counters[i].Kind)
		s.Log.WarnContext(ctx, "counter locked", "by", counters[i].Kind, "counter", counters[i].Key.Short(), "until", t.LockedUntil)
		if i == 0 {
			for _, e := range also.Events {
				s.Audit.Print(ctx, e)
			}
		}
	}
	return tallies
}

// LockEffects tell the owner of a lock. They never fail the attempt that causes
// it, and an address without a user has nobody to tell.
func (s *Service) LockEffects(ctx context.Context, user auth.User, account auth.AccountKey, from auth.Client) auth.Effects {
	event, err := s.Audit.NewEvent(auth.ActLock, "", user.ID, from)
	event.Account = account
	also := auth.Effects{Events: []auth.Event{event}}
	if err == nil && user.ID != "" {
		also.Messages, err = s.Notify.Mail(auth.AccountLockedMessage, user, from)
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "lock goes untold", "account", account.Short(), "error", err)
		return auth.Effects{}
	}
	return also
}

// Release takes a reservation back. Should that fail, the attempt counts: the
// safe side for the account.
func (s *Service) Release(ctx context.Context, counters ...auth.Counter) {
	if err := s.Store.ReleaseAttempts(ctx, counters); err != nil {
		s.Log.ErrorContext(ctx, "attempt not released", "error", err)
	}
	s.Decided(counters...)
}

// ForgetLocks makes Redis forget locks that the Store has lifted.
func (s *Service) ForgetLocks(ctx context.Context, keys ...auth.CounterKey) {
	for _, key := range keys {
		s.Ephemeral.ForgetLock(ctx, key)
	}
	s.turns.decided(keys...)
}

// Unlock lets a user's account be tried again, at once.
func (s *Service) Unlock(ctx context.Context, actor, user auth.User, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActUnlock, actor.ID, user.ID, from)
	if err != nil {
		return err
	}
	account := auth.KeyOf(user.Email)
	keys := []auth.CounterKey{account.Counter(), s.CodeCounter(SignInCode, user.ID).Key, mailedCodesCounter(account).Key}
	if err := s.Store.ClearAttempts(ctx, keys, s.Now(), auth.Effects{Events: []auth.Event{event}}); err != nil {
		return err
	}
	s.ForgetLocks(ctx, keys...)
	s.Audit.Print(ctx, event)
	return nil
}
