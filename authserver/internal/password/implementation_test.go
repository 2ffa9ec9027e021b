// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	reference "golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// choice is the implementation in force, which a test changes.
type choice struct{ atomic.Int32 }

func (c *choice) use(i password.Implementation)           { c.Store(int32(i)) }
func (c *choice) implementation() password.Implementation { return password.Implementation(c.Load()) }

func newEngineOf(t *testing.T, i password.Implementation, change func(*password.Options)) (*password.Engine, *choice) {
	t.Helper()
	c := &choice{}
	c.use(i)
	return newEngine(t, func(o *password.Options) {
		o.Implementation = c.implementation
		if change != nil {
			change(o)
		}
	}), c
}

func TestEachImplementationVerifiesWhatTheOtherHashed(t *testing.T) {
	t.Parallel()
	e, c := newEngineOf(t, password.Interleaved, nil)
	longest := strings.Repeat("p", password.MaxLength)
	for _, making := range []password.Implementation{password.Interleaved, password.Standard} {
		for _, secret := range []string{"", "secret", "пароль", "a\x00b", longest} {
			c.use(making)
			encoded, err := e.Hash(t.Context(), "", secret, bcrypt.MinCost)
			if err != nil {
				t.Fatal(err)
			}
			for _, checking := range []password.Implementation{password.Interleaved, password.Standard} {
				c.use(checking)
				if e.Current(encoded, secret, bcrypt.MinCost) != encoded || e.Current(encoded, secret, bcrypt.MinCost+1) != "" {
					t.Errorf("%s is not current at its own cost alone", encoded)
				}
				for _, revision := range []string{"$2a$", "$2b$", "$2y$"} {
					hash := revision + encoded[len(revision):]
					cut := secret == longest && revision == "$2y$" // the other system has read no more
					for guess, right := range map[string]bool{secret: true, secret + "x": cut} {
						if got, err := e.Verify(t.Context(), "", hash, guess); err != nil || got != right {
							t.Errorf("%d hashed %q, and %d verified %q as %t, %v", making, secret, checking, guess, got, err)
						}
					}
				}
			}
		}
	}
}

func TestStandardHashesAreRealAndAllDifferent(t *testing.T) {
	t.Parallel()
	e, _ := newEngineOf(t, password.Standard, nil)
	const callers = 20
	hashes := make(chan string, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			encoded, err := e.Hash(t.Context(), fmt.Sprint(i), "secret", bcrypt.MinCost)
			if err != nil {
				t.Error(err)
			}
			hashes <- encoded
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for range callers {
		encoded := <-hashes
		if err := reference.CompareHashAndPassword([]byte(encoded), []byte("secret")); err != nil || seen[encoded] {
			t.Errorf("%s: %v; seen before: %t", encoded, err, seen[encoded])
		}
		seen[encoded] = true
	}
	if s := e.State(); s.Hashed != callers || s.Lanes != 0 || s.Waiting != 0 || s.Wait != 0 {
		t.Errorf("afterwards the engine says %+v", s)
	}
}

// A password that bcrypt would cut must not be told by a quicker answer.
func TestStandardBurnsAsMuchForALongPassword(t *testing.T) {
	t.Parallel()
	e, _ := newEngineOf(t, password.Standard, nil)
	if err := e.Burn(t.Context(), "", strings.Repeat("x", 100), bcrypt.MinCost); err != nil {
		t.Error(err)
	}
}

// TestStandardTakesOneHashForEachWorkerAndCountsWhatWaits has a hash for each of
// two workers, and one for the only place in line.
func TestStandardTakesOneHashForEachWorkerAndCountsWhatWaits(t *testing.T) {
	t.Parallel()
	e, _ := newEngineOf(t, password.Standard, func(o *password.Options) { o.MaxWait, o.MaxWaiting = 1000*time.Hour, 1 })
	var callers sync.WaitGroup
	defer callers.Wait()
	for n := range 3 {
		callers.Go(func() {
			if err := e.Burn(t.Context(), "alice", "x", 10); err != nil {
				t.Error(err)
			}
		})
		until(t, func() bool { s := e.State(); return s.Lanes == min(n+1, 2) && s.Waiting == max(n-1, 0) })
	}
	for _, l := range e.Loads() {
		if l.Lanes != 1 {
			t.Errorf("a worker has %d of 2 hashes", l.Lanes)
		}
	}
	var busy *password.BusyError
	if err := e.Burn(t.Context(), "alice", "x", bcrypt.MinCost); !errors.As(err, &busy) || busy.RetryAfter() == 0 {
		t.Errorf("got %v, want a *BusyError with a wait", err)
	}
}

func TestStandardForgetsWhoGaveUpInLine(t *testing.T) {
	t.Parallel()
	e, _ := newEngineOf(t, password.Standard, func(o *password.Options) { o.Workers, o.MaxWait = 1, 1000*time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	callers.Go(func() { _ = e.Burn(ctx, "", "x", 9) })
	until(t, func() bool { return e.State().Lanes == 1 })
	for range 3 {
		callers.Go(func() { _ = e.Burn(ctx, "", "x", 9) })
	}
	until(t, func() bool { return e.State().Waiting == 3 })
	cancel()
	callers.Wait() // nobody waits for the hash that has begun
	until(t, func() bool { s := e.State(); return s.Lanes == 0 && s.Hashed == 1 && s.Abandoned == 3 })
	if s := e.State(); s.Wait != 0 || s.Waiting != 0 {
		t.Errorf("an idle engine says %+v", s)
	}
}

// TestSwitchingUnderLoadLosesNoHash changes the implementation again and again
// while callers hash and verify.
func TestSwitchingUnderLoadLosesNoHash(t *testing.T) {
	t.Parallel()
	e, c := newEngineOf(t, password.Interleaved, nil)
	const callers, rounds = 12, 6
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range rounds {
				secret := fmt.Sprint("secret ", i)
				encoded, err := e.Hash(t.Context(), "", secret, 4+i%3)
				if err != nil {
					t.Error(err)
					return
				}
				if right, err := e.Verify(t.Context(), "", encoded, secret); err != nil || !right {
					t.Errorf("%s verified %t, %v", encoded, right, err)
				}
				if right, err := e.Verify(t.Context(), "", encoded, "wrong"); err != nil || right {
					t.Errorf("%s verified a wrong password as %t, %v", encoded, right, err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	for i := 0; ; i++ {
		select {
		case <-finished:
			if s := e.State(); s.Hashed != 3*callers*rounds || s.Lanes != 0 || s.Waiting != 0 || s.Wait != 0 {
				t.Errorf("afterwards the engine says %+v", s)
			}
			return
		case <-time.After(time.Millisecond):
			c.use(password.Implementation(i % 2))
		}
	}
}

func TestRateIsThatOfTheImplementationInForce(t *testing.T) {
	t.Parallel()
	e, c := newEngineOf(t, password.Interleaved, nil)
	interleaved := e.Rate(10)
	c.use(password.Standard)
	if standard := e.Rate(10); standard <= 0 || standard == interleaved {
		t.Errorf("the engine says %f and %f hashes a second", interleaved, standard)
	}
	// Nothing has been hashed yet, so that it is undisturbed.
	if one, four := e.RateOf(1, 10), e.RateOf(4, 10); one <= 0 || one > e.Rate(10)*1.01 || math.Abs(four/one-4) > 0.01 {
		t.Errorf("a core makes %f of %f hashes a second, and four %f", one, e.Rate(10), four)
	}
}

// BenchmarkImplementations is how many hashes one worker makes in a second for
// callers who come together, with either implementation: by the fastest of all
// rounds, which was disturbed least.
func BenchmarkImplementations(b *testing.B) {
	for i, name := range []string{password.Interleaved: "Interleaved", password.Standard: "Standard"} {
		b.Run(name, func(b *testing.B) {
			e := password.New(password.Options{
				Workers: 1, MaxWait: time.Hour, MaxWaiting: 100, Now: time.Now, Random: strings.NewReader(""),
				Implementation: func() password.Implementation { return password.Implementation(i) },
			})
			defer e.Close()
			const callers, cost = 2 * bcrypt.Lanes, 6
			fastest := time.Duration(math.MaxInt64)
			for b.Loop() {
				started := time.Now()
				var all sync.WaitGroup
				for range callers {
					all.Go(func() {
						if err := e.Burn(b.Context(), "", "x", cost); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
				fastest = min(fastest, time.Since(started))
			}
			b.ReportMetric(callers/fastest.Seconds(), "hashes/s")
		})
	}
}
