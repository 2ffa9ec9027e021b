// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Attempts is the part of the Store that counts guesses.
type Attempts interface {
	// ReserveAttempts counts an attempt in every counter before its outcome is
	// known. When one of them refuses, it is counted in none.
	ReserveAttempts(ctx context.Context, counters []Counter, now time.Time) (Reservation, error)
	// ReleaseAttempts takes back a reservation: the guess was not made after
	// all, or it was right.
	ReleaseAttempts(ctx context.Context, counters []Counter) error
	// FailAttempts makes a reservation a failure and locks each counter whose
	// limit is used up. The tallies are in the order of the counters; also is
	// for a lock of the first.
	FailAttempts(ctx context.Context, counters []Counter, now time.Time, also Effects) ([]Tally, error)
	// ClearAttempts forgets what the counters have counted, locks included.
	ClearAttempts(ctx context.Context, keys []CounterKey, now time.Time, also Effects) error
}

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

// accountCounter counts the guesses at an account's password.
func (s *Service) accountCounter(account AccountKey) Counter {
	lockout := s.Settings().Login.Lockout
	return Counter{
		Kind: ByAccount, Key: account.counter(),
		Limit: AttemptLimit{Failures: lockout.Failures, Duration: time.Duration(lockout.Duration)},
	}
}

// reserve announces an attempt to every counter. It refuses with AccountLocked or
// TooManyAttempts, or with RateLimited when the source is the reason.
func (s *Service) reserve(ctx context.Context, counters ...Counter) error {
	now := s.Now()
	for _, c := range counters {
		if until := s.rememberedLock(ctx, c, now); until.After(now) {
			return c.refusal(until.Sub(now))
		}
	}
	r, err := s.Store.ReserveAttempts(ctx, counters, now)
	if err != nil || !r.Refused {
		return err
	}
	by := counters[r.By]
	if r.LockedUntil.After(now) {
		// Redis did not know: it was away, flushed, or another pod's.
		s.rememberLock(ctx, by, now, r.LockedUntil)
		return by.refusal(r.LockedUntil.Sub(now))
	}
	return by.refusal(0)
}

// countFailure lets a reserved attempt stand and locks the counters of which it
// was the last one allowed; also is for a lock of the first. When the Store does
// not answer, the tallies are nil, and the reservation itself still counts.
func (s *Service) countFailure(ctx context.Context, also Effects, counters ...Counter) []Tally {
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
				s.log(ctx, e)
			}
		}
	}
	return tallies
}

// lockEffects tell the owner of a lock. They never fail the attempt that causes
// it, and an address without a user has nobody to tell.
func (s *Service) lockEffects(ctx context.Context, user User, account AccountKey, from Client) Effects {
	event, err := s.event(ActLock, "", user.ID, from)
	event.Account = account
	also := Effects{Events: []Event{event}}
	if err == nil && user.ID != "" {
		also.Messages, err = s.notice(AccountLockedMessage, user, from)
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "lock goes untold", "account", account.Short(), "error", err)
		return Effects{}
	}
	return also
}

// release takes a reservation back. Should that fail, the attempt counts: the
// safe side for the account.
func (s *Service) release(ctx context.Context, counters ...Counter) {
	if err := s.Store.ReleaseAttempts(ctx, counters); err != nil {
		s.Log.ErrorContext(ctx, "attempt not released", "error", err)
	}
}

// unlocked makes Redis forget locks that the Store has lifted.
func (s *Service) unlocked(ctx context.Context, keys ...CounterKey) {
	for _, key := range keys {
		s.Ephemeral.ForgetLock(ctx, key)
	}
}

// unlock lets a user's account be tried again, at once.
func (s *Service) unlock(ctx context.Context, actor, user User, from Client) error {
	event, err := s.event(ActUnlock, actor.ID, user.ID, from)
	if err != nil {
		return err
	}
	keys := []CounterKey{KeyOf(user.Email).counter(), s.codeCounter(guessingFactor, user.ID).Key}
	if err := s.Store.ClearAttempts(ctx, keys, s.Now(), Effects{Events: []Event{event}}); err != nil {
		return err
	}
	s.unlocked(ctx, keys...)
	s.log(ctx, event)
	return nil
}
