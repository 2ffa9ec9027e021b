// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"errors"
	"log/slog"
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := &breaker{now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler)}
	away := errors.New("away")
	fail := func(times int) {
		for range times {
			b.record(t.Context(), away)
		}
	}

	fail(failuresToOpen - 1)
	b.record(t.Context(), nil)
	fail(failuresToOpen - 1)
	if !b.allow() || b.isOpen() {
		t.Fatal("opened although the failures were not in a row")
	}
	fail(1)
	if b.allow() || !b.isOpen() {
		t.Fatal("did not open")
	}
	now = now.Add(pause)
	if !b.allow() {
		t.Fatal("nobody may try after the pause")
	}
	if b.allow() {
		t.Fatal("a second caller may try at the same time")
	}
	fail(1)
	now = now.Add(pause)
	if !b.allow() {
		t.Fatal("nobody may try after the second pause")
	}
	b.record(t.Context(), nil)
	if first, second := b.allow(), b.allow(); !first || !second || b.isOpen() {
		t.Fatal("did not close")
	}
}
