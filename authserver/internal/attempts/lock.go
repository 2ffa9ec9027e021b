// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// sealedForLock is the purpose under which locks are sealed for Ephemeral: whoever
// can write there must not be able to lock anybody out.
const sealedForLock = "lock"

// lock is what Ephemeral keeps of a Counter's lock, to spare the Store a question.
type lock struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

func (s *Service) rememberLock(ctx context.Context, c auth.Counter, now, until time.Time) {
	sealed, err := s.sealLock(c, until)
	if err != nil {
		s.Log.ErrorContext(ctx, "lock not remembered", "error", err)
		return
	}
	s.Ephemeral.KeepLock(ctx, c.Key, sealed, until.Sub(now))
}

func (s *Service) sealLock(c auth.Counter, until time.Time) ([]byte, error) {
	document, err := json.Marshal(lock{until.Add(-c.Limit.Duration), until})
	if err != nil {
		return nil, fmt.Errorf("encode lock: %w", err)
	}
	return s.Sealer.Seal(sealedForLock, hex.EncodeToString(c.Key[:]), document)
}

// rememberedLock is when a lock ends that Ephemeral knows of; the zero time when
// it knows of none. A lock lasts no longer than the counter's present limit: what
// claims to is not believed, and the Store decides.
func (s *Service) rememberedLock(ctx context.Context, c auth.Counter, now time.Time) time.Time {
	sealed, found := s.Ephemeral.Lock(ctx, c.Key)
	if !found {
		return time.Time{}
	}
	document, err := s.Sealer.Open(sealedForLock, hex.EncodeToString(c.Key[:]), sealed)
	if err != nil {
		return time.Time{}
	}
	l := lock{}
	if err := json.Unmarshal(document, &l); err != nil {
		return time.Time{}
	}
	until := l.Until
	if byLimit := l.From.Add(c.Limit.Duration); byLimit.Before(until) {
		until = byLimit
	}
	if until.After(now.Add(c.Limit.Duration)) {
		return time.Time{}
	}
	return until
}
