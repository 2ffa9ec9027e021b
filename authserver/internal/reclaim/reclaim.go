// SPDX-License-Identifier: Apache-2.0

package reclaim

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// Claim is the first proof of an account's address, by its owner. Whoever had the
// account before may have been somebody else, who only typed the address, and must not
// keep a way in. So a Claim drops what was in the account: password, sessions, personal
// access tokens, known devices, one-time tokens, identities, passkeys, consents, second factors
// with their codes, name and locale. Id, role and the audit log stay.
type Claim struct {
	// User is as they were when the Claim was decided.
	User auth.User
	// Clears are the counters of guesses at what is dropped.
	Clears []auth.CounterKey
	Now    time.Time
}

// Result is what became of a Claim.
type Result struct {
	// Done is false, and nothing has happened, when the address is proved, the user
	// disabled, the token no longer good, or the account changes meanwhile.
	Done bool
	// Ended are the ids of the sessions and personal access tokens that it ended.
	Ended []string
}

// NewClaim is the Claim of the owner of the user's address.
func (s *Service) NewClaim(user auth.User, now time.Time) Claim {
	return Claim{User: user, Clears: s.Attempts.CountersOf(user), Now: now}
}

// NewEvent is the event of a Claim in the audit log, which says how the address was
// proved.
func (s *Service) NewEvent(user auth.User, how string, from auth.Client) (auth.Event, error) {
	event, err := s.Audit.NewEvent(auth.ActReclaimAccount, user.ID, user.ID, from)
	event.Account, event.Detail = auth.KeyOf(user.Email), how
	return event, err
}

// Conclude tells Ephemeral what the Store has dropped.
func (s *Service) Conclude(ctx context.Context, r Claim, ended []string) {
	s.Sessions.RevokeSessions(ctx, ended...)
	s.Attempts.ForgetLocks(ctx, r.Clears...)
}

// Mail tells the owner of the address, but not by the name that somebody else may have
// chosen.
func (s *Service) Mail(user auth.User, n notify.Notice, from auth.Client) ([]auth.Message, error) {
	user.Name = ""
	return s.Notify.MailWith(auth.AccountReclaimedMessage, user, n, from)
}
