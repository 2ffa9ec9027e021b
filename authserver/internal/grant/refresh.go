// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// RefreshPrefix tells the refresh token of a client from other tokens.
const RefreshPrefix = "rkg_"

// Rotation replaces a client's refresh token by its successor.
type Rotation struct {
	Used, Successor auth.TokenHash
	// Sealed is the successor, readable only with the used token.
	Sealed []byte
	Terms
	// SessionsSince is when the session must have begun at the earliest.
	SessionsSince time.Time
	Now           time.Time
	// ExpiresAt is when the successor expires unused, SessionExpiresAt when the browser's
	// session does: a grant that is used is a use of its session.
	ExpiresAt, SessionExpiresAt time.Time
}

// UsedToken is a refresh token that RotateGrantToken refused, or one that came after it.
type UsedToken struct {
	Held
	// Ended is set when the grant or its session is over, or its user disabled.
	Ended     bool
	RotatedAt *time.Time
	Sealed    []byte
	// SessionBeganAt is when the session began that the grant hangs on.
	SessionBeganAt time.Time
}

// firstToken makes the refresh token of a new grant, and its hash; nil for a client that is
// given none.
func (s *Service) firstToken(terms Terms) (session.RefreshToken, *auth.TokenHash, error) {
	if !terms.Refreshes {
		return "", nil, nil
	}
	token, err := auth.NewOpaque(RefreshPrefix, s.Random)
	hash := auth.HashOf(token)
	return session.RefreshToken(token), &hash, err
}

// Refresh replaces a client's refresh token. A retry within the grace period is given the
// last successor; after it, the token must have been copied, and its grant ends (RFC 9700,
// section 4.14.2). It refuses with RefreshTokenInvalid, also when the token is another
// client's or bound to another key, RateLimited or DatabaseUnavailable.
func (s *Service) Refresh(ctx context.Context, presented auth.Secret, terms Terms, from auth.Client) (Issued, error) {
	if !auth.IsOpaque(RefreshPrefix, presented) || !terms.Refreshes {
		return Issued{}, auth.Refuse(auth.RefreshTokenInvalid)
	}
	token := session.RefreshToken(presented)
	opaque, err := auth.NewOpaque(RefreshPrefix, s.Random)
	if err != nil {
		return Issued{}, err
	}
	successor := session.RefreshToken(opaque)
	sealed, err := token.SealSuccessor(successor)
	if err != nil {
		return Issued{}, err
	}
	now, tokens := s.Now(), s.Settings().Tokens
	held, rotated, err := s.Store.RotateGrantToken(ctx, Rotation{
		Used: token.Hash(), Successor: successor.Hash(), Sealed: sealed, Terms: terms,
		SessionsSince: tokens.SessionsSince(now), Now: now,
		ExpiresAt: now.Add(terms.RefreshTokenLifetime), SessionExpiresAt: now.Add(time.Duration(tokens.RefreshTokenLifetime)),
	})
	switch {
	case err != nil:
		return Issued{}, err
	case rotated:
		return Issued{held.Grant, held.User, auth.Secret(successor), terms.RefreshTokenLifetime}, nil
	}
	return s.retryOrReuse(ctx, token, terms, from)
}

// retryOrReuse decides what a dead token means: an answer that got lost, or a copy in the
// wrong hands.
func (s *Service) retryOrReuse(ctx context.Context, token session.RefreshToken, terms Terms, from auth.Client) (Issued, error) {
	now, grace := s.Now(), time.Duration(s.Settings().Tokens.RefreshGracePeriod)
	used, known, err := s.Store.UsedGrantToken(ctx, token.Hash(), now)
	switch {
	case err != nil:
		return Issued{}, err
	case !known, s.over(used, terms, now), used.RotatedAt == nil:
		return Issued{}, auth.Refuse(auth.RefreshTokenInvalid)
	case now.Sub(*used.RotatedAt) < grace:
		return s.lastOfChain(ctx, token, used, terms)
	}
	if err := s.endReused(ctx, used, from); err != nil {
		return Issued{}, err
	}
	return Issued{}, auth.Refuse(auth.RefreshTokenInvalid)
}

// over reports whether a token is of no use to the client, whatever has become of it. That
// of another client or key is, and is left as it was: who has found it has nothing in hand.
func (s *Service) over(used UsedToken, terms Terms, now time.Time) bool {
	return used.Ended || used.Grant.ClientID != terms.ClientID || used.Grant.Key != "" && used.Grant.Key != terms.Key || used.Grant.CreatedAt.Before(terms.Since) ||
		used.SessionBeganAt.Before(s.Settings().Tokens.SessionsSince(now))
}

// longestChain is how many successors a retry is taken along.
const longestChain = 100

// lastOfChain answers a retry with the token that is alive.
func (s *Service) lastOfChain(ctx context.Context, token session.RefreshToken, used UsedToken, terms Terms) (Issued, error) {
	now := s.Now()
	for range longestChain {
		next, err := token.OpenSuccessor(used.Sealed)
		if err != nil {
			return Issued{}, err
		}
		known := false
		token = next
		used, known, err = s.Store.UsedGrantToken(ctx, token.Hash(), now)
		switch {
		case err != nil:
			return Issued{}, err
		case !known, s.over(used, terms, now):
			return Issued{}, auth.Refuse(auth.RefreshTokenInvalid)
		case used.RotatedAt == nil:
			return Issued{used.Grant, used.User, auth.Secret(token), used.Grant.ExpiresAt.Sub(now)}, nil
		}
	}
	return Issued{}, auth.RefuseFor(auth.RateLimited, auth.Contention)
}

// endReused ends a grant one of whose tokens is in two hands. Nobody knows whose they are:
// the audit log names no actor.
func (s *Service) endReused(ctx context.Context, used UsedToken, from auth.Client) error {
	told, err := s.Audit.NewEvent(auth.ActReuse, "", used.User.ID, from)
	if err != nil {
		return err
	}
	told.Outcome = string(auth.RefreshTokenInvalid)
	_, err = s.end(ctx, used.Grant.ID, session.EndedByReuse, told)
	return err
}
