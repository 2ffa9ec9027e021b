// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// enqueue stores mails that are due at start.
func enqueue(t *testing.T, s *postgres.Store, mails int) {
	t.Helper()
	also := auth.Effects{}
	for range mails {
		also.Messages = append(also.Messages, auth.Message{
			ID: uuid.NewString(), Channel: auth.ByMail, Kind: auth.ResetPasswordMessage, Sealed: []byte("sealed"),
		})
	}
	ticket := auth.OneTimeToken{Hash: auth.TokenHash([]byte(uuid.NewString())[:32]), Kind: auth.ResetPasswordToken, CreatedAt: start, ExpiresAt: start}
	if err := s.IssueToken(t.Context(), ticket, also); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, s *postgres.Store, limit int, now time.Time) []notify.Claimed {
	t.Helper()
	claimed, err := s.ClaimMessages(t.Context(), notify.Claim{Channel: auth.ByMail, Limit: limit, Now: now, Until: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func TestMessageIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const rounds, mails = 20, 25
	for round := range rounds {
		enqueue(t, s, mails)
		seen := sync.Map{}
		callers := sync.WaitGroup{}
		for range 50 {
			callers.Go(func() {
				for _, m := range claim(t, s, 3, start) {
					if _, twice := seen.LoadOrStore(m.ID, true); twice {
						t.Errorf("round %d: %s was claimed twice", round, m.ID)
					}
				}
			})
		}
		callers.Wait()
		claimed := 0
		seen.Range(func(any, any) bool { claimed++; return true })
		if claimed != mails {
			t.Errorf("round %d: %d of %d were claimed", round, claimed, mails)
		}
	}
}

func TestClaimRunsOut(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	enqueue(t, s, 1)
	if sms, err := s.ClaimMessages(t.Context(), notify.Claim{Channel: auth.BySMS, Limit: 1, Now: start, Until: start}); err != nil || len(sms) != 0 {
		t.Fatalf("a mail was claimed as a text message: %v", err)
	}
	first := claim(t, s, 1, start)[0]
	if first.Attempt != 1 || first.Kind != auth.ResetPasswordMessage || string(first.Sealed) != "sealed" || !first.CreatedAt.Equal(start) {
		t.Errorf("claimed %+v", first)
	}
	if again := claim(t, s, 1, start.Add(59*time.Second)); len(again) != 0 {
		t.Error("claimed by two callers")
	}
	second := claim(t, s, 1, start.Add(time.Minute))[0]
	if second.ID != first.ID || second.Attempt != 2 {
		t.Errorf("claimed %+v", second)
	}
	// The first caller comes back too late to decide anything.
	if err := s.PostponeMessage(t.Context(), first, start); err != nil {
		t.Fatal(err)
	}
	event := auth.Effects{Events: []auth.Event{{ID: uuid.NewString(), Action: auth.ActAbandonMessage, Outcome: auth.Failed, At: start}}}
	if err := s.AbandonMessage(t.Context(), first, event, start); err != nil {
		t.Fatal(err)
	}
	if again := claim(t, s, 1, start.Add(time.Minute)); len(again) != 0 || count(t, url, "outbox") != 1 || count(t, url, "audit_events") != 0 {
		t.Error("a claim that had run out still counted")
	}
	if err := s.PostponeMessage(t.Context(), second, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	third := claim(t, s, 1, start.Add(time.Hour))[0]
	if err := s.AbandonMessage(t.Context(), third, event, start); err != nil {
		t.Fatal(err)
	}
	if count(t, url, "outbox") != 0 || count(t, url, "audit_events") != 1 {
		t.Error("the message was not abandoned")
	}
}

// Whoever has sent a message removes it, even when it took longer than the claim.
func TestDeliveredMessageIsForgotten(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	enqueue(t, s, 2)
	first := claim(t, s, 1, start)[0]
	claim(t, s, 1, start.Add(time.Minute))
	if err := s.ForgetMessage(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	backlog, err := s.Backlog(t.Context())
	if err != nil || backlog.Messages != 1 || !backlog.Oldest.Equal(start) {
		t.Errorf("%+v wait, %v", backlog, err)
	}
}

func TestStoredMessagesRing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	rings := func() bool {
		select {
		case <-s.Enqueued():
			return true
		default:
			return false
		}
	}
	enqueue(t, s, 0)
	if rings() {
		t.Error("rang for a statement without messages")
	}
	enqueue(t, s, 3)
	if !rings() || rings() {
		t.Error("did not ring once for a statement with messages")
	}
	ticket := auth.OneTimeToken{Hash: auth.TokenHash{9}, Kind: auth.ResetPasswordToken, CreatedAt: start, ExpiresAt: start}
	wrong := auth.Effects{Messages: []auth.Message{{ID: "not a UUID", Channel: auth.ByMail}}}
	if err := s.IssueToken(t.Context(), ticket, wrong); err == nil || rings() {
		t.Errorf("rang for a statement that failed: %v", err)
	}
}
