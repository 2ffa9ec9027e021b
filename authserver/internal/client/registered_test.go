// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// busyStore notes a use while something else happens.
type busyStore struct {
	Store
	meanwhile func()
}

func (b busyStore) KeepRegisteredClient(context.Context, string, time.Time, time.Time) error {
	b.meanwhile()
	return nil
}

// What a document says that is read while a use is noted is not forgotten for what it has said
// before.
func TestAUsePutsNoOlderDocumentBack(t *testing.T) {
	t.Parallel()
	const id = "https://agent.example.com/client.json"
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	of := func(name string) Registered {
		return Registered{ID: id, Metadata: Metadata{Name: name}, ExpiresAt: now.Add(time.Hour)}
	}
	s := &Service{Realm: auth.Realm{Now: func() time.Time { return now }, Settings: func() realmconfig.Config { return realmconfig.Config{} }}}
	s.Store = busyStore{meanwhile: func() { s.Remember(of("new")) }}
	s.Remember(of("old"))
	s.keep(t.Context(), id)
	if got, found, err := s.Registered(t.Context(), id); err != nil || !found || got.Name != "new" || !got.UsedOn.Equal(dayOf(now)) {
		t.Errorf("it is known as %+v, %t, %v", got, found, err)
	}
}
