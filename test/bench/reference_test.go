// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// reference is how long golang.org/x/crypto takes for a hash on each of so many
// cores at once.
func reference(t testing.TB, cores int) time.Duration {
	t.Helper()
	var all sync.WaitGroup
	started := time.Now()
	for range cores {
		all.Go(func() {
			if _, err := bcrypt.GenerateFromPassword([]byte(password), cost); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return time.Since(started)
}

// besideReference measures the reference just before and just after, so that
// both have seen the same machine.
func (w *world) besideReference(measure func() *figures) *figures {
	cores := runtime.NumCPU()
	before := reference(w.t, cores)
	f := measure()
	after := reference(w.t, cores)
	f.toReference = f.perSecond() / (2 * float64(cores) / (before + after).Seconds())
	return f
}
