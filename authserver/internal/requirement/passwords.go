// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// WeakPasswords keeps whose password the rules of today would not take, as far as sign-ins have
// shown it. It knows nothing of the passwords themselves.
type WeakPasswords interface {
	// NoteWeakPassword notes that a user has one.
	NoteWeakPassword(ctx context.Context, userID string, now time.Time) error
	// NoteSoundPassword forgets that a user had one, and how far the requirement had come with
	// them.
	NoteSoundPassword(ctx context.Context, userID string) error
	// WithWeakPasswords counts some of them. Of others nothing is known, so that as many are
	// covered as are without.
	WithWeakPasswords(ctx context.Context, b Batch) (Tally, error)
	// PeopleWithWeakPasswords reads a page of them.
	PeopleWithWeakPasswords(ctx context.Context, q Query) (Page, error)
}

// CheckPassword is Check for somebody whose password was right. Sound is whether today's rules
// would take it, which is noted, and asked only where the realm wants to know.
//
// Whoever has a new password begins anew when the rules become stricter again: with a grace
// period, and counted among those who may be stopped.
func (s *Service) CheckPassword(ctx context.Context, user auth.User, sound func() bool, from auth.Client) (Demand, error) {
	existing := s.Settings().Passwords.Existing
	switch {
	case existing == nil:
		return Demand{}, nil
	case sound():
		return Demand{}, s.Store.NoteSoundPassword(ctx, user.ID)
	}
	if err := s.Store.NoteWeakPassword(ctx, user.ID, s.Now()); err != nil {
		return Demand{}, err
	}
	return s.Check(ctx, Passwords, OfPasswords(existing), user, from)
}

// refreshPasswords is Refresh for the passwords of people who are there already.
func (s *Service) refreshPasswords(ctx context.Context) error {
	settings := s.Settings()
	existing := settings.Passwords.Existing
	if existing == nil {
		s.put(Passwords, nil)
		return nil
	}
	return s.report(ctx, Passwords, OfPasswords(existing), auth.GroupSources(settings))
}

// countPasswords is Count for them.
func (s *Service) countPasswords(ctx context.Context) error {
	settings := s.Settings()
	if settings.Passwords.Existing == nil {
		return nil
	}
	concerned := Concerned{Sources: auth.GroupSources(settings)}
	return s.count(ctx, Passwords, concerned.Sources, Batch{Concerned: concerned, Limit: countedAtOnce}, s.Store.WithWeakPasswords)
}

// PeopleWithWeakPasswords reads a page of those whose password today's rules would not take, for an
// admin. It refuses as session.Admin does. Where the realm does not ask there is nobody.
func (s *Service) PeopleWithWeakPasswords(ctx context.Context, access auth.Secret, q Query, from auth.Client) (Page, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return Page{}, err
	}
	settings := s.Settings()
	if settings.Passwords.Existing == nil {
		return Page{}, nil
	}
	q.Concerned, q.Look = Concerned{Sources: auth.GroupSources(settings)}, mostLookedAt
	return s.Store.PeopleWithWeakPasswords(ctx, q)
}
