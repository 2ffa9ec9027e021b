// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// patience is how long to wait for the database at start.
	patience = 5 * time.Minute
	// lookInterval is how often to look at a store that gives no trouble.
	lookInterval = 30 * time.Second
	// soonestLook and latestLook are between looks at one that does.
	soonestLook, latestLook = 200 * time.Millisecond, 3 * time.Second
	// longestProblem is in bytes.
	longestProblem = 500
)

// keeper has a store be where the mounted credentials say, and knows why it is
// not.
type keeper struct {
	name   string
	wanted func() realmconfig.Place
	// changed is closed when wanted may have changed.
	changed func() <-chan struct{}
	log     *slog.Logger

	mu  sync.Mutex
	now standing
}

// standing is where a store is, and what is the matter with it or with the place
// where it should be.
type standing struct {
	place   realmconfig.Place
	problem string
}

// movable is a store that can go over to another place while it is used.
type movable interface {
	// Move returns once the store is there; until then it stays where it was.
	Move(ctx context.Context, to realmconfig.Place) error
	// Look reports why the store cannot be connected to.
	Look(ctx context.Context) error
	// Failing rings when it is time to look.
	Failing() <-chan struct{}
}

func newKeeper(name string, folder *live.Folder, of func(realmconfig.Credentials) realmconfig.Place, log *slog.Logger) *keeper {
	wanted := func() realmconfig.Place { return of(folder.Snapshot().Credentials) }
	return &keeper{name: name, wanted: wanted, changed: folder.Changed, log: log, now: standing{place: wanted()}}
}

func (k *keeper) state() standing {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

// keep follows the credentials until ctx is done.
func (k *keeper) keep(ctx context.Context, store movable) {
	pause := soonestLook
	for ctx.Err() == nil {
		changed := k.changed() // before anything is read, so that no change is missed
		well := k.attend(ctx, store) == nil
		switch {
		case rest(ctx, pause, changed, nil): // however often it rings
			pause = soonestLook
		case !well:
			pause = min(2*pause, latestLook)
		default:
			rest(ctx, lookInterval, changed, store.Failing())
			pause = soonestLook
		}
	}
}

// rest waits for d and reports whether something else has happened before.
func rest(ctx context.Context, d time.Duration, changed, failing <-chan struct{}) bool {
	enough := time.NewTimer(d)
	defer enough.Stop()
	select {
	case <-enough.C:
		return false
	case <-ctx.Done():
	case <-changed:
	case <-failing:
	}
	return true
}

// attend moves the store if it should be elsewhere, and looks after it otherwise.
func (k *keeper) attend(ctx context.Context, store movable) (err error) {
	wanted, place := k.wanted(), k.state().place
	if wanted == place {
		err = store.Look(ctx)
	} else {
		err = store.Move(ctx, wanted)
	}
	if err == nil {
		place = wanted
	}
	k.note(ctx, standing{place, problemOf(err)})
	return err
}

// note logs what is new.
func (k *keeper) note(ctx context.Context, next standing) {
	if ctx.Err() != nil {
		return // whatever failed was told to
	}
	k.mu.Lock()
	before := k.now
	k.now = next
	k.mu.Unlock()
	switch {
	case next.place != before.place:
		k.log.InfoContext(ctx, k.name+" credentials in force")
	case next.problem != "" && next.problem != before.problem:
		k.log.WarnContext(ctx, k.name+" gives trouble", "problem", next.problem)
	case next.problem == "" && before.problem != "":
		k.log.InfoContext(ctx, k.name+" answers again")
	}
}

// problemOf is an error in one line. None of a store's errors quote its URL.
func problemOf(err error) string {
	if err == nil {
		return ""
	}
	line := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(line[:min(len(line), longestProblem)], "")
}

// openStore returns once the database answers and has this build's schema.
func (s *server) openStore(ctx context.Context) (*postgres.Store, error) {
	store, err := postgres.Open(context.WithoutCancel(ctx), s.database.state().place)
	if err != nil {
		return nil, err
	}
	err = await(ctx, s.database.name, s.Log, func(ctx context.Context) error { return s.database.attend(ctx, store) })
	if err == nil {
		err = store.CheckSchema(ctx)
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

func (s *server) openCache() (*redis.Cache, error) {
	return redis.Open(s.cache.state().place, s.folder.Config().Realm, s.Now, s.Log)
}

// await returns when a store answers, or with the last reason it did not when
// patience has run out. It says so in the log now and then.
func await(ctx context.Context, name string, log *slog.Logger, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	retry := time.NewTicker(soonestLook)
	defer retry.Stop()
	progress := time.NewTicker(5 * time.Second)
	defer progress.Stop()
	for {
		reason := ask(ctx)
		if reason == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, errors.Join(context.Cause(ctx), reason))
		case <-progress.C:
			log.InfoContext(ctx, "waiting for "+name, "reason", reason)
		case <-retry.C:
		}
	}
}
