// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// UserChanged is what became of a change.
type UserChanged struct {
	// Known is false when there is no such user.
	Known bool
	// Done is false when the change is one that must not be, or not now.
	Done bool
	User auth.User
	// Ended are the sessions that the change has ended.
	Ended []string
	// InForce is the user's role from now on, nil when it is what it was.
	InForce *session.Revocation
}

// Conclude tells of a change that has happened, or why it has not.
func (s *Service) Conclude(ctx context.Context, changed UserChanged, events []auth.Event, err error) error {
	switch {
	case err != nil:
		return err
	case !changed.Known:
		return auth.Refuse(auth.NotFound)
	case !changed.Done:
		for _, e := range events {
			e.Outcome = string(auth.LastAdmin)
			s.Audit.Record(ctx, e)
		}
		return auth.Refuse(auth.LastAdmin)
	}
	s.Sessions.RevokeSessions(ctx, changed.Ended...)
	if changed.InForce != nil {
		s.Sessions.Revoke(ctx, *changed.InForce)
	}
	for _, e := range events {
		s.Audit.Print(ctx, e)
	}
	return nil
}
