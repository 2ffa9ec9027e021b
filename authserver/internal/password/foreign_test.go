// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

const (
	foreignSecret = "imported secret"
	quickHash     = "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$rBMUxm8xq8EMdUsRS8npNuPmIaxeURmMnwiJF2wWb1k"
	// slowHash takes about a hundredth of a second, a tenth under the race detector.
	slowHash = "$pbkdf2-sha256$i=60000$MDEyMzQ1Njc4OWFiY2RlZg$rBMUxm8xq8EMdUsRS8npNuPmIaxeURmMnwiJF2wWb1k"
)

func TestForeignHashesAreVerifiedAndNeverCurrent(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	for _, encoded := range []string{
		quickHash,
		"pbkdf2_sha256$1000$SL1lklN3UbkP$/wbbjgkJ68jpdD4/Yr6gR3lWYKjdrGw1BDj+WXFDzMc=",
		"$scrypt$ln=10,r=8,p=1$uvc+53yPMeacE4KwNiZkLA$srWS8uKlEdSj/vKLuvirj+rc2de/LmpmgjuNmpVKEqo",
		"$argon2id$v=19$m=64,t=3,p=4$ce79nzOGUEpJCcG4FyKEcA$XCu7a+ocKA0qqSMaParZNg",
	} {
		for guess, right := range map[string]bool{foreignSecret: true, "Imported secret": false} {
			if got, err := e.Verify(t.Context(), "", encoded, guess); err != nil || got != right {
				t.Errorf("%s verified %q: %t, %v", encoded, guess, got, err)
			}
		}
		if e.Current(encoded, foreignSecret, bcrypt.MinCost) != "" {
			t.Errorf("%s is current", encoded)
		}
	}
	if s := e.State(); s.Hashed != 8 || s.Waiting != 0 {
		t.Errorf("afterwards the engine says %+v", s)
	}
}

func TestCanVerify(t *testing.T) {
	t.Parallel()
	const tail = "......................123456789012345678901234567890."
	cases := map[string]struct {
		encoded string
		want    error
	}{
		"bcrypt":                  {"$2y$10$" + tail, nil},
		"bcrypt at the limit":     {"$2b$16$" + tail, nil},
		"bcrypt that takes days":  {"$2b$31$" + tail, foreign.ErrTooCostly},
		"bcrypt cut short":        {"$2b$10$" + tail[1:], bcrypt.ErrMalformed},
		"another program's":       {quickHash, nil},
		"another program's, vast": {strings.Replace(quickHash, "1000", "100000000", 1), foreign.ErrTooCostly},
		"nothing":                 {"", foreign.ErrMalformed},
		"a password, in plain":    {foreignSecret, foreign.ErrMalformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := password.CanVerify(c.encoded); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
			if c.want == nil {
				return
			}
			if _, err := newEngine(t, nil).Verify(t.Context(), "", c.encoded, "x"); !errors.Is(err, c.want) {
				t.Errorf("verify said %v, want %v", err, c.want)
			}
		})
	}
}

// occupyForeign has one of n hashes checked while the others wait, until release.
// Whoever is turned away comes again: all may come before the first is let in,
// and then there is no room for the last.
func occupyForeign(t *testing.T, e *password.Engine, source string, n int) (release func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range n {
		callers.Go(func() {
			for ctx.Err() == nil {
				_, _ = e.Verify(ctx, source, slowHash, "x")
			}
		})
	}
	until(t, func() bool { return e.State().Waiting >= n-1 })
	return func() { cancel(); callers.Wait() }
}

func TestForeignHashesAreRefusedWhenTheirLineIsLong(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.MaxWait = time.Second })
	finish := e.PretendForeignWork(2 * time.Second)
	var busy *password.BusyError
	if _, err := e.Verify(t.Context(), "alice", quickHash, "x"); !errors.As(err, &busy) || busy.RetryAfter() != 2*time.Second {
		t.Errorf("got %v, want a *BusyError of two seconds", err)
	}
	finish()
	if right, err := e.Verify(t.Context(), "alice", quickHash, foreignSecret); err != nil || !right {
		t.Errorf("afterwards: %t, %v", right, err)
	}
}

func TestFloodOfForeignHashesLeavesRoomForOthersAndLanesAlone(t *testing.T) {
	t.Parallel()
	e := newEngine(t, func(o *password.Options) { o.MaxWaiting = 4 })
	release := occupyForeign(t, e, "flood", 5)
	defer release()
	if right, err := e.Verify(t.Context(), "alice", quickHash, foreignSecret); err != nil || !right {
		t.Errorf("alice: %t, %v", right, err)
	}
	if err := e.Burn(t.Context(), "bob", "x", bcrypt.MinCost); err != nil {
		t.Errorf("bob: %v", err)
	}
}

func TestCloseRefusesWaitingForeignHashes(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	const callers = 8
	finished := atomic.Int32{}
	results := make(chan error, callers)
	for range callers {
		go func() {
			_, err := e.Verify(t.Context(), "", slowHash, "x")
			for ; err == nil; _, err = e.Verify(t.Context(), "", slowHash, "x") {
				finished.Add(1)
			}
			results <- err
		}()
	}
	until(t, func() bool { s := e.State(); return s.Hashed >= 1 && s.Waiting >= 3 })
	e.Close()
	for range callers {
		if err := <-results; !errors.Is(err, password.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	if s := e.State(); finished.Load() == 0 || s.Refused == 0 || s.Hashed != int(finished.Load()) {
		t.Errorf("%d were told that they are finished: %+v", finished.Load(), s)
	}
}
