// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
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
	if more, err := s.PruneEvents(t.Context(), start.Add(2*time.Hour), 24*time.Hour); err != nil || more {
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

// Every pod that starts reports what it leaves as it is, and the trail tells of it once.
func TestAnAddressIsReportedOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann := auth.User{ID: uuid.NewString(), Email: "ann@example.com", Role: auth.UserRole, CreatedAt: start}
	if _, err := s.AddUser(t.Context(), ann, nil, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	report := func(i int, email string) (bool, error) {
		return s.ReportAddress(t.Context(), account.FormerAddress{UserID: ann.ID, Email: email}, auth.Event{
			ID: id, Action: auth.ActRewriteEmail, Outcome: string(auth.EmailTaken), TargetID: ann.ID,
			Account: auth.KeyOf(email), At: start.Add(time.Duration(i) * time.Second),
		})
	}
	if told, err := report(0, "eve@example.com"); err != nil || told {
		t.Errorf("an address that the user has no more is told of: %t, %v", told, err)
	}
	if told := race(t, func(i int) (bool, error) { return report(i, ann.Email) }); told != 1 {
		t.Errorf("%d of %d told of it", told, callers)
	}
	if n := count(t, url, "audit_events WHERE outcome = 'email_taken'"); n != 1 {
		t.Errorf("the trail tells of it %d times", n)
	}
}
