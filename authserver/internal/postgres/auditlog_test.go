// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestPruneTrailKeepsWhatIsNewer(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for i := range 5 {
		err := s.RecordEvent(t.Context(), auth.Event{
			ID: uuid.NewString(), Action: auth.ActLogin, Outcome: auth.Succeeded, At: start.Add(time.Duration(i) * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if more, err := s.PruneEvents(t.Context(), start.Add(2*time.Hour)); err != nil || more {
		t.Errorf("more is %t, %v", more, err)
	}
	events, err := s.FindEvents(t.Context(), admin.EventQuery{Limit: 10})
	if err != nil || len(events) != 2 || !events[1].At.Equal(start.Add(3*time.Hour)) {
		t.Errorf("left are %+v, %v", events, err)
	}
}

func TestAStrangersPageOfTheTrailIsEmpty(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	place := admin.EventCursor{At: start, ID: uuid.NewString()}
	account := auth.KeyOf("nobody@example.com")
	events, err := s.FindEvents(t.Context(), admin.EventQuery{
		ActorID: uuid.NewString(), TargetID: uuid.NewString(), Account: &account, Action: "'; DROP TABLE audit_events; --",
		Outcome: "%", From: &start, To: &start, Before: &place, Limit: 10,
	})
	if err != nil || len(events) != 0 {
		t.Errorf("found %+v, %v", events, err)
	}
}
