// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// contention is how long a caller should wait when attempts in flight have used
// up the limit: they are decided within about a second.
const contention = time.Second

// reserve announces an attempt. It refuses with AccountLocked or TooManyAttempts.
func (s *Service) reserve(ctx context.Context, account AccountKey, limit AttemptLimit) error {
	now := s.Now()
	if until, locked := s.Ephemeral.LockedUntil(ctx, account); locked && until.After(now) {
		return refuseFor(AccountLocked, until.Sub(now))
	}
	r, err := s.Store.ReserveAttempt(ctx, account, limit, now)
	switch {
	case err != nil:
		return err
	case r.LockedUntil.After(now):
		// Redis did not know: it was away, flushed, or another pod's.
		s.Ephemeral.Lock(ctx, account, r.LockedUntil.Sub(now), r.LockedUntil)
		return refuseFor(AccountLocked, r.LockedUntil.Sub(now))
	case r.Refused:
		return refuseFor(TooManyAttempts, contention)
	}
	return nil
}

// countFailure lets a reserved attempt stand, and locks the account if it was
// the last one allowed. When the Store does not answer, the reservation itself
// still counts against the limit.
func (s *Service) countFailure(ctx context.Context, account AccountKey, limit AttemptLimit) {
	now := s.Now()
	until, err := s.Store.FailAttempt(ctx, account, limit, now)
	if err != nil {
		s.Log.ErrorContext(ctx, "failed login not concluded", "account", account.Short(), "error", err)
		return
	}
	if until.After(now) {
		s.Ephemeral.Lock(ctx, account, until.Sub(now), until)
		s.Observer.Lockout()
		s.Log.WarnContext(ctx, "account locked", "account", account.Short(), "until", until)
	}
}

// release takes a reservation back when the password was never checked. Should
// that fail, the attempt counts: the safe side for the account.
func (s *Service) release(ctx context.Context, account AccountKey) {
	if err := s.Store.ReleaseAttempt(ctx, account); err != nil {
		s.Log.ErrorContext(ctx, "login attempt not released", "account", account.Short(), "error", err)
	}
}
