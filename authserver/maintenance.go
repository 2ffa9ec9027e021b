// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
)

const (
	pruneInterval = 10 * time.Minute
	// resealInterval is how soon values of an old encryption key are looked for.
	// The question is cheap: an index answers it.
	resealInterval = 5 * time.Second
)

// startMaintenance starts what looks after the database now and then. It never
// ends the server.
func (s *server) startMaintenance(store *postgres.Store, sealer *sealing.Sealer, can capabilities) {
	s.life.Start("pruning", lifecycle.Every(pruneInterval, func(ctx context.Context) { s.prune(ctx, store, can) }))
	r := s.newResealing(store, sealer)
	s.life.Start("resealing", func(ctx context.Context) error {
		r.run(ctx)
		return lifecycle.Every(resealInterval, r.run)(ctx)
	})
}

// prune deletes expired rows, and ends what the settings say is over.
func (s *server) prune(ctx context.Context, store *postgres.Store, can capabilities) {
	err := errors.Join(store.Prune(ctx, s.Now()), can.audit.Prune(ctx), can.sessions.EndBefore(ctx))
	if err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "expired rows not pruned", "error", err)
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
