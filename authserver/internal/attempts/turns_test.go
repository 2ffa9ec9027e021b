// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestTurnsAreTakenInOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, key := &turns{}, auth.CounterKey{1}
		first, _ := all.take(t.Context(), key)
		var order []int
		for i := range 4 {
			go func() {
				own, ok := all.take(t.Context(), key)
				if !ok {
					t.Errorf("number %d got no turn", i)
					return
				}
				order = append(order, i)
				own.leave()
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Fatalf("%v went before the first had left", order)
		}
		first.leave()
		synctest.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3}) || all.waiting != 0 || len(all.lines) != 0 {
			t.Errorf("order is %v; %d still wait, in %d lines", order, all.waiting, len(all.lines))
		}
	})
}

func TestTurnsOfThoseWhoGiveUpAreSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, key := &turns{}, auth.CounterKey{1}
		first, _ := all.take(t.Context(), key)
		impatient, giveUp := context.WithCancel(t.Context())
		go func() {
			if _, ok := all.take(impatient, key); ok {
				t.Error("whoever gave up got a turn")
			}
		}()
		synctest.Wait()
		served := false
		go func() {
			own, ok := all.take(t.Context(), key)
			served = ok
			own.leave()
		}()
		synctest.Wait()
		giveUp()
		synctest.Wait()
		first.leave()
		synctest.Wait()
		if !served {
			t.Error("whoever stood behind got no turn")
		}
	})
}

func TestWhoeverIsFirstHearsOfDecisions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, key := &turns{}, auth.CounterKey{1}
		first, _ := all.take(t.Context(), key)
		called := false
		go func() { called = first.again(t.Context()) }()
		synctest.Wait()
		all.decided(auth.CounterKey{2})
		synctest.Wait()
		if called {
			t.Fatal("another counter's decision was heard")
		}
		all.decided(key)
		synctest.Wait()
		if !called {
			t.Error("the decision was not heard")
		}
	})
}

func TestTurnsAreBounded(t *testing.T) {
	t.Parallel()
	all := &turns{}
	for range maxWaitingForOne {
		if _, ok := all.join(auth.CounterKey{}); !ok {
			t.Fatal("a counter's line is full too soon")
		}
	}
	if _, ok := all.join(auth.CounterKey{}); ok {
		t.Error("a counter's line is never full")
	}
	for i := range byte(maxWaiting/maxWaitingForOne - 1) {
		for range maxWaitingForOne {
			all.join(auth.CounterKey{1 + i})
		}
	}
	if _, ok := all.join(auth.CounterKey{200}); ok {
		t.Error("all lines together are never full")
	}
}
