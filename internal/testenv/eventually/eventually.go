// SPDX-License-Identifier: Apache-2.0

// Package eventually lets tests wait for what happens by itself. It looks ever
// less often: what takes long is given the processor.
package eventually

import (
	"context"
	"errors"
	"testing"
	"time"
)

const (
	// Patience is how long anything may take on a machine that is busy.
	Patience = 5 * time.Minute
	// soonest and latest are the first pause between two looks and the longest.
	soonest, latest = 10 * time.Millisecond, 100 * time.Millisecond
)

// Succeeds waits until check returns nil, and fails the test with what it last
// returned otherwise.
func Succeeds(t testing.TB, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	for pause := soonest; ; pause = min(pause*3/2, latest) {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: %v", Patience, err)
		case <-time.After(pause):
		}
	}
}

// Holds waits until something that has a name is true.
func Holds(t testing.TB, what string, holds func() bool) {
	t.Helper()
	Succeeds(t, func(context.Context) error {
		if holds() {
			return nil
		}
		return errors.New("waited in vain: " + what)
	})
}
