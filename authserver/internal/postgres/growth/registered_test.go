// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// manyRegistered is as many clients as a realm takes in by both of the ways.
const manyRegistered = 20_000

// registeredID is of a client that nobody declares: an address, or one that it was given.
func registeredID(i string) string {
	return fmt.Sprintf("CASE WHEN %[1]s %% 2 = 0 THEN 'https://agent-' || %[1]s || '.example/client.json' ELSE 'registered-' || %[2]s END", i, id("$now", "'registered' || "+i))
}

func registeredExercises() []exercise {
	return []exercise{
		{"RegisteredClient", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.RegisteredClient(ctx, w.registeredClient())))
		}},
		{"KeepRegisteredClient", "", func(ctx context.Context, w *world) error {
			return w.store.KeepRegisteredClient(ctx, w.registeredClient(), w.now(), w.now().Add(60*24*time.Hour))
		}},
		{"StoreRegisteredClient", "a new one", func(ctx context.Context, w *world) error {
			return w.storeClient(ctx, realmconfig.RegisteredPrefix+newID())
		}},
		{"StoreRegisteredClient", "one that is there", func(ctx context.Context, w *world) error {
			return w.storeClient(ctx, w.registeredClient())
		}},
	}
}

// registeredClient is one that is there.
func (w *world) registeredClient() (id string) {
	w.t.Helper()
	w.ask([]any{&id}, "SELECT id FROM registered_clients OFFSET $1 LIMIT 1", w.number(1000))
	return id
}

func (w *world) storeClient(ctx context.Context, id string) error {
	now := w.now()
	r := client.Registered{ID: id, Since: now, ExpiresAt: now.Add(time.Hour), Metadata: client.Metadata{RedirectURIs: []string{"http://127.0.0.1/callback"}}}
	if !realmconfig.IsRegisteredID(id) {
		r.ReadAt, r.FreshUntil = now, now.Add(time.Minute)
	}
	return want(found(w.store.StoreRegisteredClient(ctx, r, 10*manyRegistered, w.event(auth.ActRegisterClient, "").Events[0])))
}
