// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// revocationPoll is how often to ask the Store for what other servers revoked.
	revocationPoll = time.Second
	// revocationOverlap is how much of what was read is read again: a statement is
	// seen later than the time that it writes down.
	revocationOverlap = time.Minute
	// revocationPage bounds one question.
	revocationPage = 10_000
	// newsLifetime is how long Ephemeral keeps a revocation, for servers that
	// cannot reach the Store.
	newsLifetime = time.Hour
)

// sealedForNews is the purpose under which revocations are sealed for Ephemeral:
// whoever can write there must not be able to shut anybody out.
const sealedForNews = "revocation"

// news is a Revocation on its way through Ephemeral.
type news struct {
	Role *string   `json:"role,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// LoadRevocations reads what the Store knows and this server may not: at first
// everything, then what is new. A server must not be ready before it has returned
// nil once.
func (s *Service) LoadRevocations(ctx context.Context) error {
	began := s.Now()
	within := s.revoked.missing(began)
	last := Revocation{}
	for {
		page, err := s.Store.RevokedWithin(ctx, within, last, revocationPage)
		if err != nil {
			return err
		}
		s.revoked.add(began, page...)
		if len(page) < revocationPage {
			break
		}
		last = page[len(page)-1]
	}
	s.revoked.loaded(began)
	return nil
}

// FollowRevocations keeps up with the Store until ctx is done. While the Store is
// away, tokens are judged by what is known: nobody can revoke any then.
func (s *Service) FollowRevocations(ctx context.Context) {
	ticker := time.NewTicker(revocationPoll)
	defer ticker.Stop()
	behind := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.LoadRevocations(ctx)
		switch failed := err != nil && ctx.Err() == nil; {
		case failed && !behind:
			s.Log.WarnContext(ctx, "revocations not read, judging tokens by what is known", "error", err)
			behind = true
		case !failed && behind:
			s.Log.InfoContext(ctx, "revocations are read again")
			behind = false
		}
	}
}

// missing is how far back to read.
func (r *revocations) missing(now time.Time) time.Duration {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.loadedAt.IsZero() {
		return RevocationMemory
	}
	return now.Sub(r.loadedAt) + revocationOverlap
}

func (r *revocations) loaded(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loadedAt = at
}

// RevokeSessions makes the access tokens of sessions worthless that the Store has ended.
func (s *Service) RevokeSessions(ctx context.Context, ids ...string) {
	for _, id := range ids {
		s.Revoke(ctx, Revocation{About: id})
	}
}

// Revoke takes a revocation in that the Store has stored, and tells the others.
func (s *Service) Revoke(ctx context.Context, r Revocation) {
	s.revoked.add(s.Now(), r)
	sealed, err := s.sealNews(r)
	if err != nil {
		s.Log.ErrorContext(ctx, "others learn of a revocation from the database alone", "error", err)
		return
	}
	s.Ephemeral.KeepRevocation(ctx, r.About, sealed, newsLifetime)
}

func (s *Service) sealNews(r Revocation) ([]byte, error) {
	document, err := json.Marshal(news{r.Role, r.At})
	if err != nil {
		return nil, fmt.Errorf("encode revocation: %w", err)
	}
	return s.Sealer.Seal(sealedForNews, r.About, document)
}

// revocationOf is why a token of s is no good although it has not expired:
// TokenInvalid, TokenExpired when a refresh gets a better one, or empty. It does
// not ask the Store.
func (s *Service) revocationOf(ctx context.Context, subject auth.Subject) auth.Code {
	if code := s.revoked.judge(subject); code != "" {
		return code
	}
	about := []string{subject.SessionID, subject.UserID}
	if subject.GrantID != "" {
		about = append(about, subject.GrantID)
	}
	if !s.hearNews(ctx, about...) {
		return ""
	}
	return s.revoked.judge(subject)
}

// hearNews takes in what Ephemeral has heard, and reports whether there was any.
func (s *Service) hearNews(ctx context.Context, about ...string) bool {
	told := false
	for about, sealed := range s.Ephemeral.Revocations(ctx, about...) {
		if r, ok := s.openNews(about, sealed); ok {
			s.revoked.add(s.Now(), r)
			told = true
		}
	}
	return told
}

func (s *Service) openNews(about string, sealed []byte) (Revocation, bool) {
	document, err := s.Sealer.Open(sealedForNews, about, sealed)
	if err != nil {
		return Revocation{}, false
	}
	n := news{}
	err = json.Unmarshal(document, &n)
	// A role that was in force may be so no more, and nobody remembers what came
	// after it: somebody may have kept the news.
	old := n.Role != nil && s.Now().Sub(n.At) > RevocationMemory
	return Revocation{about, n.Role, n.At}, err == nil && !old
}
