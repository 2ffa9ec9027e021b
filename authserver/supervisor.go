// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// checkInterval is how often to look at a store that gives no trouble.
	checkInterval = 30 * time.Second
	// minRetry and maxRetry are between looks at one that does.
	minRetry, maxRetry = 200 * time.Millisecond, 3 * time.Second
	// maxProblem is in bytes.
	maxProblem = 500
)

// supervisor has a store be where the mounted credentials say, and knows why it is
// not.
type supervisor struct {
	name   string
	wanted func() realmconfig.Place
	// changed is closed when wanted may have changed.
	changed func() <-chan struct{}
	log     *slog.Logger

	mu      sync.Mutex
	current status
}

// status is where a store is, and what is the matter with it or with the place
// where it should be.
type status struct {
	place   realmconfig.Place
	problem string
}

// movableStore is one that can go over to another place while it is used.
type movableStore interface {
	// Move returns once the store is there; until then it stays where it was.
	Move(ctx context.Context, to realmconfig.Place) error
	// Look reports why the store cannot be connected to.
	Look(ctx context.Context) error
	// Failing rings when it is time to look.
	Failing() <-chan struct{}
}

func newSupervisor(name string, folder *live.Folder, of func(realmconfig.Credentials) realmconfig.Place, log *slog.Logger) *supervisor {
	wanted := func() realmconfig.Place { return of(folder.Snapshot().Credentials) }
	return &supervisor{name: name, wanted: wanted, changed: folder.Changed, log: log, current: status{place: wanted()}}
}

func (s *supervisor) status() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// supervise follows the credentials until ctx is done.
func (s *supervisor) supervise(ctx context.Context, store movableStore) {
	retry := minRetry
	for ctx.Err() == nil {
		changed := s.changed() // before anything is read, so that no change is missed
		well := s.check(ctx, store) == nil
		switch {
		case pause(ctx, retry, changed, nil): // however often it rings
			retry = minRetry
		case !well:
			retry = min(2*retry, maxRetry)
		default:
			pause(ctx, checkInterval, changed, store.Failing())
			retry = minRetry
		}
	}
}

// pause waits for d and reports whether something else has happened before.
func pause(ctx context.Context, d time.Duration, changed, failing <-chan struct{}) bool {
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

// check moves the store if it should be elsewhere, and looks after it otherwise.
func (s *supervisor) check(ctx context.Context, store movableStore) (err error) {
	wanted, place := s.wanted(), s.status().place
	if wanted == place {
		err = store.Look(ctx)
	} else {
		err = store.Move(ctx, wanted)
	}
	if err == nil {
		place = wanted
	}
	s.record(ctx, status{place, problemOf(err)})
	return err
}

// record logs what is new.
func (s *supervisor) record(ctx context.Context, next status) {
	if ctx.Err() != nil {
		return // whatever failed was told to
	}
	s.mu.Lock()
	before := s.current
	s.current = next
	s.mu.Unlock()
	switch {
	case next.place != before.place:
		s.log.InfoContext(ctx, s.name+" credentials in force")
	case next.problem != "" && next.problem != before.problem:
		s.log.WarnContext(ctx, s.name+" gives trouble", "problem", next.problem)
	case next.problem == "" && before.problem != "":
		s.log.InfoContext(ctx, s.name+" answers again")
	}
}

// problemOf is an error in one line. None of a store's errors quote its URL.
func problemOf(err error) string {
	if err == nil {
		return ""
	}
	line := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(line[:min(len(line), maxProblem)], "")
}
