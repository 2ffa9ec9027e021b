// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"sync"
	"sync/atomic"
	"testing"
)

// What works once is raced by so many callers, so many times.
const (
	rounds  = 50
	callers = 50
)

// race calls at once, and says how many calls were true.
func race(t *testing.T, call func(i int) (bool, error)) int {
	t.Helper()
	return raceOf(t, callers, call)
}

func raceOf(t *testing.T, callers int, call func(i int) (bool, error)) int {
	t.Helper()
	won := atomic.Int32{}
	group := sync.WaitGroup{}
	for i := range callers {
		group.Go(func() {
			ok, err := call(i)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	group.Wait()
	return int(won.Load())
}
