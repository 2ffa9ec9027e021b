// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// UsedRefreshToken is a refresh token that Rotate refused, or one that came after it.
type UsedRefreshToken struct {
	Subject auth.Subject
	// Forgotten is set when no more is known of the token than its family.
	Forgotten bool
	// Ended is set when the session is over, or goes on by other tokens, or when its user
	// is disabled.
	Ended     bool
	RotatedAt *time.Time
	Sealed    []byte
	// SessionBeganAt is when the session's login was, SessionExpiresAt when the newest token of the session expires.
	SessionBeganAt, SessionExpiresAt time.Time
}

// UsedTokensKept is for how long a used token is known, at least: longer than any grace
// period.
const UsedTokensKept = 2 * time.Hour

// wasUsed reports whether a token that is forgotten was used, as each is that follows
// another one, but two kinds: the last one, which is forgotten when it expires, and one
// that the Store has lost by a failover or a restored backup, soon after it was issued.
func (t RefreshToken) wasUsed(of UsedRefreshToken, now time.Time, lifetime time.Duration) bool {
	age := t.age(now)
	return age >= UsedTokensKept && age < lifetime && of.SessionExpiresAt.After(now)
}

// retryOrReuse decides what a dead token means: an answer that got lost, or a
// copy in the wrong hands.
func (s *Service) retryOrReuse(ctx context.Context, token RefreshToken, from auth.Client) (Grant, error) {
	used, known, err := s.Store.UsedRefreshToken(ctx, token.Hash(), token.Family())
	now, tokens := s.Now(), s.Settings().Tokens
	switch {
	case err != nil:
		return Grant{}, err
	case !known:
		return s.refuseRefresh(refreshUnknown)
	case used.Ended, used.SessionBeganAt.Before(tokens.SessionsSince(now)):
		return s.refuseRefresh(refreshEnded)
	case used.Forgotten && !token.wasUsed(used, now, time.Duration(tokens.RefreshTokenLifetime)):
		return s.refuseRefresh(refreshUnknown)
	case used.Forgotten: // longer ago than any grace period
	case used.RotatedAt == nil:
		return s.refuseRefresh(refreshExpired)
	case now.Sub(*used.RotatedAt) < time.Duration(tokens.RefreshGracePeriod):
		successor, err := token.OpenSuccessor(used.Sealed)
		if err != nil {
			return Grant{}, err
		}
		return s.lastOfChain(ctx, successor)
	}
	if err := s.endReused(ctx, used.Subject, from); err != nil {
		return Grant{}, err
	}
	return s.refuseRefresh(refreshReuse)
}

// longestChain is how many successors a retry is taken along. Nobody refreshes so often
// within a grace period who waits for the answers.
const longestChain = 100

// lastOfChain answers a retry with the token that is alive. Others may have used the
// successor meanwhile, and its successor: whoever was given one of those would end the
// session with it.
func (s *Service) lastOfChain(ctx context.Context, token RefreshToken) (Grant, error) {
	now := s.Now()
	for range longestChain {
		used, known, err := s.Store.UsedRefreshToken(ctx, token.Hash(), token.Family())
		switch {
		case err != nil:
			return Grant{}, err
		case !known, used.Forgotten, used.Ended, used.SessionBeganAt.Before(s.Settings().Tokens.SessionsSince(now)):
			return s.refuseRefresh(refreshEnded)
		case used.RotatedAt == nil:
			s.Observer.Refresh(refreshGrace)
			return s.Issue(used.Subject, token, used.SessionExpiresAt.Sub(now))
		}
		if token, err = token.OpenSuccessor(used.Sealed); err != nil {
			return Grant{}, err
		}
	}
	return Grant{}, auth.RefuseFor(auth.RateLimited, auth.Contention)
}

// endReused ends a session one of whose tokens is in two hands. Nobody knows whether it
// is the user who shows it: the audit log names no actor.
func (s *Service) endReused(ctx context.Context, subject auth.Subject, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActReuse, "", subject.UserID, from)
	if err != nil {
		return err
	}
	event.Outcome = string(auth.RefreshTokenInvalid)
	_, err = s.endSession(ctx, subject.SessionID, EndedByReuse, event)
	return err
}

// answer is what a rotation answered, kept for those who ask again.
type answer struct {
	Successor RefreshToken `json:"successor"`
	Subject   auth.Subject `json:"subject"`
	ExpiresAt time.Time    `json:"expiresAt"`
	// GraceEnds is stated, not left to Ephemeral: its clock is not ours.
	GraceEnds time.Time `json:"graceEnds"`
}

// remember keeps an answer for the grace period, sealed like the one in the
// Store, so that Ephemeral learns neither the successor nor whose it is.
func (s *Service) remember(ctx context.Context, token RefreshToken, a answer, grace time.Duration) {
	if grace <= 0 {
		return
	}
	sealed, err := s.sealAnswer(token, a)
	if err != nil {
		s.Log.ErrorContext(ctx, "refresh answer not remembered", "error", err)
		return
	}
	s.Ephemeral.KeepSuccessor(ctx, token.Hash(), sealed, grace)
}

// sealAnswer seals it twice. Only the holder of the token can read the inner seal; only
// this realm can make the outer one, or whoever can write to Ephemeral could have a token
// of their own answered in somebody else's name.
func (s *Service) sealAnswer(token RefreshToken, a answer) ([]byte, error) {
	document, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode refresh answer: %w", err)
	}
	inner, err := token.seal(sealForEphemeral, document)
	if err != nil {
		return nil, err
	}
	return s.Sealer.Seal(sealForEphemeral, owner(token), inner)
}

// owner names the token under the outer seal.
func owner(token RefreshToken) string {
	hash := token.Hash()
	return hex.EncodeToString(hash[:])
}

// remembered answers a retry that Ephemeral knows of, also while the Store is away.
func (s *Service) remembered(ctx context.Context, token RefreshToken) (Grant, bool, error) {
	last, found := s.rememberedAnswer(ctx, token)
	if !found {
		return Grant{}, false, nil
	}
	for range longestChain {
		next, more := s.rememberedAnswer(ctx, last.Successor)
		if !more {
			break
		}
		last = next
	}
	grant, err := s.lastOfChain(ctx, last.Successor)
	if errors.Is(err, auth.Refuse(auth.DatabaseUnavailable)) && s.revocationOf(ctx, last.Subject) == "" {
		s.Observer.Refresh(refreshGrace)
		grant, err = s.Issue(last.Subject, last.Successor, last.ExpiresAt.Sub(s.Now()))
	}
	return grant, true, err
}

// rememberedAnswer is what a rotation of token has answered, within its grace period.
func (s *Service) rememberedAnswer(ctx context.Context, token RefreshToken) (answer, bool) {
	sealed, ok := s.Ephemeral.Successor(ctx, token.Hash())
	if !ok {
		return answer{}, false
	}
	inner, err := s.Sealer.Open(sealForEphemeral, owner(token), sealed)
	if err != nil {
		return answer{}, false
	}
	document, err := token.open(sealForEphemeral, inner)
	if err != nil {
		return answer{}, false
	}
	a := answer{}
	if err := json.Unmarshal(document, &a); err != nil {
		return answer{}, false
	}
	now, tokens := s.Now(), s.Settings().Tokens
	rotatedAt := a.GraceEnds.Add(-time.Duration(tokens.RefreshGracePeriod))
	return a, now.Before(a.GraceEnds) && !rotatedAt.Before(tokens.SessionsSince(now))
}
