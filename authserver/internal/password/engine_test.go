// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
)

const cost = bcrypt.MinCost

func TestVerify(t *testing.T) {
	t.Parallel()
	e := password.New(2, time.Second, time.Now)
	longest := strings.Repeat("p", password.MaxLength)
	cases := map[string]struct {
		stored, typed string
		right         bool
	}{
		"the same":                   {"secret", "secret", true},
		"another":                    {"secret", "Secret", false},
		"empty":                      {"secret", "", false},
		"the longest":                {longest, longest, true},
		"the longest and more":       {longest, longest + "p", false},
		"beyond ASCII":               {"пароль", "пароль", true},
		"with a NUL":                 {"a\x00b", "a\x00b", true},
		"another one after the NUL ": {"a\x00b", "a\x00c", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash, err := e.Hash(t.Context(), c.stored, cost)
			if err != nil {
				t.Fatal(err)
			}
			right, err := e.Verify(t.Context(), hash, c.typed)
			if err != nil || right != c.right {
				t.Errorf("verified %t, %v", right, err)
			}
			if !e.Current(hash, cost) || e.Current(hash, cost+1) {
				t.Error("the hash is not current at its own cost alone")
			}
		})
	}
}

func TestHashRefusesWhatBcryptWouldCut(t *testing.T) {
	t.Parallel()
	e := password.New(1, time.Second, time.Now)
	_, err := e.Hash(t.Context(), strings.Repeat("p", password.MaxLength+1), cost)
	if !errors.Is(err, password.ErrTooLong) {
		t.Errorf("error is %v", err)
	}
}

func TestBurnDoesTheWork(t *testing.T) {
	t.Parallel()
	e := password.New(1, time.Minute, time.Now)
	took := func(cost int) time.Duration {
		started := time.Now()
		if err := e.Burn(t.Context(), "anything", cost); err != nil {
			t.Fatal(err)
		}
		return time.Since(started)
	}
	if cheap, dear := took(4), took(10); dear < 8*cheap {
		t.Errorf("cost 4 took %s, cost 10 %s: that is not 64 times the work", cheap, dear)
	}
}

func TestFullEngineRefusesAtOnce(t *testing.T) {
	t.Parallel()
	e := password.New(1, 20*time.Millisecond, time.Now)
	const callers = 200
	var busy, done int
	var mu sync.Mutex
	var group sync.WaitGroup
	started := time.Now()
	for range callers {
		group.Go(func() {
			err := e.Burn(context.Background(), "anything", 8)
			var refusal *password.BusyError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case errors.As(err, &refusal) && refusal.RetryAfter() > 0:
				busy++
			default:
				t.Errorf("error is %v", err)
			}
		})
	}
	group.Wait()
	if busy == 0 || done == 0 || busy+done != callers {
		t.Errorf("%d were hashed and %d refused, of %d", done, busy, callers)
	}
	if e.Waiting() != 0 {
		t.Errorf("%d still wait", e.Waiting())
	}
	t.Logf("%d of %d hashed in %s on %d processors", done, callers, time.Since(started), runtime.GOMAXPROCS(0))
}

func TestCallerWhoLeavesIsNotServed(t *testing.T) {
	t.Parallel()
	e := password.New(1, time.Minute, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Burn(ctx, "anything", cost); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
