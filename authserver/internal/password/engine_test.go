// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	reference "golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func newEngine(t *testing.T, change func(*password.Options)) *password.Engine {
	t.Helper()
	o := password.Options{
		Workers: 2, MaxWait: time.Minute, MaxWaiting: 100, Now: time.Now, Random: rand.Reader,
		Implementation: func() password.Implementation { return password.Interleaved },
	}
	if change != nil {
		change(&o)
	}
	e := password.New(o)
	t.Cleanup(e.Close)
	return e
}

func TestHashesAreTheReferences(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	var callers sync.WaitGroup
	for i := range 40 {
		callers.Go(func() {
			secret := strings.Repeat("p", i) + fmt.Sprint(i)
			encoded, err := e.Hash(t.Context(), "", secret, 4+i%3)
			if err != nil {
				t.Error(err)
				return
			}
			if err := reference.CompareHashAndPassword([]byte(encoded), []byte(secret)); err != nil {
				t.Errorf("%s: %v", encoded, err)
			}
			for guess, right := range map[string]bool{secret: true, secret + "x": false, "": false} {
				if got, err := e.Verify(t.Context(), "", encoded, guess); err != nil || got != right {
					t.Errorf("verify %q against the hash of %q: %v, %v", guess, secret, got, err)
				}
			}
		})
	}
	callers.Wait()
	if s := e.State(); s.Hashed != 160 || s.Lanes != 0 || s.Waiting != 0 || s.Wait != 0 {
		t.Errorf("afterwards the engine says %+v", s)
	}
}

func TestWhatBcryptWouldCutIsHashedWhole(t *testing.T) {
	t.Parallel()
	e, c := newEngineOf(t, password.Interleaved, nil)
	for _, implementation := range []password.Implementation{password.Interleaved, password.Standard} {
		c.use(implementation)
		for _, length := range []int{password.MaxLength + 1, 4096} {
			secret := strings.Repeat("x", length)
			encoded, err := e.Hash(t.Context(), "", secret, bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			for guess, right := range map[string]bool{secret: true, secret + "x": false, secret[:length-1]: false, secret[:password.MaxLength]: false, "": false} {
				if got, err := e.Verify(t.Context(), "", encoded, guess); err != nil || got != right {
					t.Errorf("%d of %d bytes: verified %t, %v", len(guess), length, got, err)
				}
			}
			if e.Current(encoded, secret, bcrypt.MinCost) != encoded || e.Current(encoded, secret, bcrypt.MinCost+1) != "" {
				t.Errorf("%s is not current at its own cost alone", encoded)
			}
		}
	}
}

func TestMalformedHashIsAnError(t *testing.T) {
	t.Parallel()
	_, err := newEngine(t, nil).Verify(t.Context(), "", "$2a$04$tooshort", "x")
	if !errors.Is(err, bcrypt.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

// saturate starts hashes that take a while, until n are in lanes or in line.
func saturate(t *testing.T, e *password.Engine, n int) (release func()) {
	t.Helper()
	const longCost = 20
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	before := e.State()
	for range n - before.Lanes - before.Waiting {
		callers.Go(func() { _ = e.Burn(ctx, "flood", "x", longCost) })
	}
	until(t, func() bool { s := e.State(); return s.Lanes+s.Waiting == n && (s.Waiting == 0 || s.Lanes == 8) })
	return func() { cancel(); callers.Wait() }
}

// until polls a condition, giving the processor away in between.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(eventually.Patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("it did not happen in " + eventually.Patience.String())
		case <-tick.C:
		}
	}
}

func TestSaturatedEngineRefusesAtOnceWithTheWait(t *testing.T) {
	t.Parallel()
	const maxWait = 10 * time.Second // in which a busy machine gets round to filling the lanes
	e := newEngine(t, func(o *password.Options) { o.MaxWait = maxWait })
	release := saturate(t, e, 8)
	defer release()
	var busy *password.BusyError
	if err := e.Burn(t.Context(), "alice", "x", 4); !errors.As(err, &busy) {
		t.Fatalf("got %v, want a *BusyError", err)
	}
	if busy.RetryAfter() <= maxWait {
		t.Errorf("expected wait is %s, want more than %s", busy.RetryAfter(), maxWait)
	}
}

func TestFloodOfOneSourceLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.MaxWait, o.MaxWaiting = 1000*time.Hour, 4 })
	var releases []func()
	for _, n := range []int{4, 8, 12} { // the line has four places
		releases = append(releases, saturate(t, e, n))
	}
	release := func() {
		for _, r := range releases {
			r()
		}
	}
	done := make(chan error, 1)
	go func() { done <- e.Burn(t.Context(), "alice", "x", 4) }()
	until(t, func() bool { return e.State().Refused == 1 })
	release()
	if err := <-done; err != nil {
		t.Errorf("alice was refused: %v", err)
	}
}

func TestAbandonedWorkIsDropped(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.MaxWait = 1000 * time.Hour })
	release := saturate(t, e, 12)
	release()
	until(t, func() bool { s := e.State(); return s.Lanes == 0 && s.Waiting == 0 && s.Abandoned == 12 })
	if err := e.Burn(t.Context(), "", "x", 4); err != nil {
		t.Errorf("the engine does not go on: %v", err)
	}
	if wait := e.State().Wait; wait != 0 {
		t.Errorf("an idle engine expects a wait of %s", wait)
	}
}

func TestWorkSpreadsOverCoresFirst(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.Workers = 4 })
	release := saturate(t, e, 4)
	defer release()
	for _, l := range e.Loads() {
		if l.Lanes != 1 {
			t.Errorf("a worker has %d of 4 hashes", l.Lanes)
		}
	}
}

func TestWorkJoinsWhatLeavesSoonest(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	const soon, late, newcomer = 16, 22, 18
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	defer callers.Wait()
	defer cancel()
	for lanes, cost := range []int{late, soon, newcomer} {
		callers.Go(func() { _ = e.Burn(ctx, "", "x", cost) })
		until(t, func() bool { return e.State().Lanes == lanes+1 })
	}
	for _, l := range e.Loads() {
		if late := l.Iterations > 1<<(late-1); late == (l.Lanes == 2) {
			t.Errorf("a worker with %d iterations left has %d hashes", l.Iterations, l.Lanes)
		}
	}
}

func TestHashesBeginApartWhileMoreWaitThanLanesAreFree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waiting, cost int
		want          []int
	}{
		"as many as lanes":    {4, 10, []int{0, 0, 0, 0}},
		"one more":            {5, 10, []int{0, 256, 512, 768, 1024}},
		"a standing line":     {10, 10, []int{0, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304}},
		"hashes of high cost": {10, 12, []int{0, 256, 512, 768, 4096, 4352, 4608, 4864, 8192, 8448}},
		"hashes of low cost":  {6, 4, []int{0, 4, 8, 12, 16, 20}},
	} {
		if got := password.Beginnings(c.waiting, c.cost); !slices.Equal(got, c.want) {
			t.Errorf("%s: they begin at %v, want %v", name, got, c.want)
		}
	}
}

func TestCloseFinishesWhatHasStartedAndRefusesTheRest(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.Workers, o.MaxWait = 1, 1000*time.Hour })
	results := make(chan error, 6)
	for range 6 {
		go func() { results <- e.Burn(t.Context(), "", "x", 13) }() // which fills the lanes long before the first is done
	}
	until(t, func() bool { s := e.State(); return s.Lanes == 4 && s.Waiting == 2 })
	e.Close()
	finished, refused := 0, 0
	for range 6 {
		switch err := <-results; {
		case err == nil:
			finished++
		case errors.Is(err, password.ErrClosed):
			refused++
		default:
			t.Error(err)
		}
	}
	if finished != 4 || refused != 2 {
		t.Errorf("%d finished and %d were refused, want 4 and 2", finished, refused)
	}
	if err := e.Burn(t.Context(), "", "x", 4); !errors.Is(err, password.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}
