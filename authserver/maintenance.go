// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
)

const (
	// pruneInterval is how often a pod prunes. Pods that start together do not do so
	// together: the first time, each waits for up to as long again.
	pruneInterval = 10 * time.Minute
	// resealInterval is how soon values of an old encryption key are looked for.
	// The question is cheap: an index answers it.
	resealInterval = 5 * time.Second
	// searchInterval is how soon the search documents of new and renamed users are
	// made. A search by name does not wait for it.
	searchInterval = 5 * time.Second
	// requirementInterval is how soon servers say what has become of a requirement, and look
	// whether people have to be counted anew.
	requirementInterval = 5 * time.Second
)

// startMaintenance starts what looks after the database now and then. It never
// ends the server.
func (s *server) startMaintenance(ctx context.Context, store *postgres.Store, sealer *sealing.Sealer, can capabilities) {
	if err := can.audit.Begin(ctx); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "audit trail not prepared", "error", err)
	}
	s.life.Start("pruning", lifecycle.Later(rand.N(pruneInterval), //nolint:gosec // spreads pods; nobody gains by guessing it
		lifecycle.Every(pruneInterval, func(ctx context.Context) { s.prune(ctx, store, can) })))
	s.life.Start("search documents", lifecycle.Every(searchInterval, s.searchDocuments(store)))
	s.required.Store(can.required)
	s.life.Start("requirements", s.repeatedly("requirements not looked at", can.required.Refresh))
	s.life.Start("counts of requirements", s.repeatedly("people not counted whom a requirement concerns", can.required.Count))
	r := s.newResealing(store, sealer)
	s.life.Start("resealing", func(ctx context.Context) error {
		r.run(ctx)
		return lifecycle.Every(resealInterval, r.run)(ctx)
	})
}

// prune ends what the settings say is over, and deletes expired rows.
func (s *server) prune(ctx context.Context, store *postgres.Store, can capabilities) {
	err := errors.Join(can.sessions.EndBefore(ctx), can.sessions.EndOfClients(ctx), store.Prune(ctx, s.Now()), can.audit.Prune(ctx))
	if err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "expired rows not pruned", "error", err)
	}
}

// searchDocuments makes those that are outdated, and tells of a failure once.
func (s *server) searchDocuments(store *postgres.Store) func(context.Context) {
	failed := false
	return func(ctx context.Context) {
		err := admin.MakeSearchDocuments(ctx, store)
		if errors.Is(err, auth.Refuse(auth.Busy)) {
			err = nil // searches make those that they need
		}
		if err != nil && !failed && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "search documents not made", "error", err)
		}
		failed = err != nil
	}
}

// repeatedly does something about requirements now and every requirementInterval, and tells of
// a failure once.
func (s *server) repeatedly(failure string, do func(context.Context) error) func(context.Context) error {
	failed := false
	once := func(ctx context.Context) {
		err := do(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.Log.WarnContext(ctx, failure, "error", err)
		}
		failed = err != nil
	}
	return func(ctx context.Context) error {
		once(ctx)
		return lifecycle.Every(requirementInterval, once)(ctx)
	}
}

// resealing brings stored secrets under the present encryption key. An old key may
// go when the gauge is 0 everywhere.
type resealing struct {
	*server
	store  *postgres.Store
	sealer *sealing.Sealer
	left   atomic.Int64
	failed bool // the last time, which is not told again
}

func (s *server) newResealing(store *postgres.Store, sealer *sealing.Sealer) *resealing {
	r := &resealing{server: s, store: store, sealer: sealer}
	r.left.Store(-1) // not known yet
	s.metrics.Gauge("sealed_values_old_key", "Stored values that are not sealed with the present encryption key; -1 when not known.",
		func() float64 { return float64(r.left.Load()) })
	return r
}

func (r *resealing) run(ctx context.Context) {
	left, err := r.sealer.Reseal(ctx, r.store)
	if ctx.Err() != nil {
		return
	}
	if err != nil && !r.failed {
		r.Log.WarnContext(ctx, "values of an old encryption key not sealed again", "left", left, "error", err)
	}
	r.failed = err != nil
	r.left.Store(int64(left))
}
