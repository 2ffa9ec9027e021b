// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatStartedLastEndsFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(t.Context(), slog.New(slog.DiscardHandler))
		ended := []string{}
		task := func(name string, takes time.Duration) {
			s.Start(name, func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(takes)
				ended = append(ended, name) // Stop awaits each, or this is a race
				return nil
			})
		}
		s.OnStop(func() { ended = append(ended, "database closed") })
		task("supervision", 0)
		task("delivery", time.Hour)
		if err := s.Stop(); err != nil {
			t.Errorf("stopped with %v", err)
		}
		if want := []string{"delivery", "supervision", "database closed"}; !slices.Equal(ended, want) {
			t.Errorf("ended in the order %v, want %v", ended, want)
		}
	})
}

func TestAServerIsReadyFromServingToDraining(t *testing.T) {
	t.Parallel()
	s := New(t.Context(), slog.New(slog.DiscardHandler))
	if s.Ready() || s.Draining() {
		t.Error("a server is ready, or drains, before it has started")
	}
	if s.Serving(); !s.Ready() || s.Draining() {
		t.Error("a server that serves is not ready, or drains")
	}
	if s.Drain(); s.Ready() || !s.Draining() {
		t.Error("a server that drains is ready, or does not say so")
	}
}

func TestTasksOutliveTheContextOfTheirServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := New(ctx, slog.New(slog.DiscardHandler))
		ended := false
		s.Start("watch", Forever(func(ctx context.Context) { <-ctx.Done(); ended = true }))
		cancel()
		if synctest.Wait(); ended {
			t.Error("the task ended while requests may still drain")
		}
		if err := s.Stop(); err != nil || !ended {
			t.Errorf("stopped with %v, ended %t", err, ended)
		}
	})
}

func TestAFailedTaskEndsTheServer(t *testing.T) {
	t.Parallel()
	lost := errors.New("listener lost")
	for name, c := range map[string]struct {
		task func(context.Context) error
		want string
	}{
		"by an error": {func(context.Context) error { return lost }, lost.Error()},
		"by a panic":  {func(context.Context) error { panic("out of range") }, "listener panicked: out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logged := &bytes.Buffer{}
			s := New(t.Context(), slog.New(slog.NewTextHandler(logged, nil)))
			until, cancel := s.Until(t.Context())
			defer cancel()
			others := make(chan struct{})
			s.Start("other", Forever(func(ctx context.Context) { <-ctx.Done(); close(others) }))
			s.Serving()
			s.Start("listener", c.task)
			<-until.Done()
			if s.Ready() {
				t.Error("the server is still ready")
			}
			if err := s.Stop(); err == nil || err.Error() != c.want {
				t.Errorf("stopped with %v, want %s", err, c.want)
			}
			<-others
			if panicked := strings.HasPrefix(name, "by a panic"); strings.Contains(logged.String(), "task panicked") != panicked {
				t.Errorf("logged %q", logged)
			}
		})
	}
}

func TestWhatIsDoneEveryIntervalWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(t.Context(), slog.New(slog.DiscardHandler))
		began, done := time.Now(), []time.Duration{}
		s.Start("prune", Every(time.Minute, func(context.Context) { done = append(done, time.Since(began)) }))
		time.Sleep(150 * time.Second)
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if want := []time.Duration{time.Minute, 2 * time.Minute}; !slices.Equal(done, want) {
			t.Errorf("done after %v, want %v", done, want)
		}
	})
}

func TestATaskThatComesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(t.Context(), slog.New(slog.DiscardHandler))
		began, done := time.Now(), []time.Duration{}
		s.Start("prune", Later(10*time.Second, Every(time.Minute, func(context.Context) { done = append(done, time.Since(began)) })))
		s.Start("never", Later(time.Hour, func(context.Context) error { return errors.New("it was stopped before") }))
		time.Sleep(150 * time.Second)
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if want := []time.Duration{70 * time.Second, 130 * time.Second}; !slices.Equal(done, want) {
			t.Errorf("done after %v, want %v", done, want)
		}
	})
}
