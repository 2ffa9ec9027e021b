// SPDX-License-Identifier: Apache-2.0

// Package lifecycle runs what a server does besides answering: tasks in the
// background, and resources that they need.
//
// Whatever was started last ends first, so that no task outlives what it stands on.
// A task that fails, or panics, ends the server: it is not ready from then on, the
// context of Until is done, and Stop returns the failure.
package lifecycle

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

// Server is the life of one server. Start, OnStop and Stop belong to the one
// goroutine that starts and stops it; everything else may be asked by anybody.
type Server struct {
	log    *slog.Logger
	phase  atomic.Int32
	base   context.Context // of the tasks, which end when Stop says so
	failed context.Context // done when a task has failed, which is its cause
	fail   context.CancelCauseFunc
	stops  []func() // in order of start
}

const (
	starting int32 = iota
	serving
	draining
)

// New returns a server that has started nothing. Its tasks have the values of ctx
// and outlive it: they go on while requests drain.
func New(ctx context.Context, log *slog.Logger) *Server {
	s := &Server{log: log, base: context.WithoutCancel(ctx)}
	s.failed, s.fail = context.WithCancelCause(s.base)
	return s
}

// Start runs a task until its context is done. The name is for the log.
func (s *Server) Start(name string, task func(context.Context) error) {
	ctx, cancel := context.WithCancel(s.base)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.guard(ctx, name, task); err != nil {
			s.fail(err)
		}
	}()
	s.OnStop(func() { cancel(); <-done })
}

// guard turns a panic into the failure of its task.
func (s *Server) guard(ctx context.Context, name string, task func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "task panicked", "task", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("%s panicked: %v", name, p)
		}
	}()
	return task(ctx)
}

// OnStop calls end when everything that is started later has ended.
func (s *Server) OnStop(end func()) { s.stops = append(s.stops, end) }

// Until is ctx, done also when a task has failed.
func (s *Server) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unwatch := context.AfterFunc(s.failed, cancel)
	return ctx, func() { unwatch(); cancel() }
}

// Serving says that requests are answered now.
func (s *Server) Serving() { s.phase.Store(serving) }

// Drain says that requests are still answered, and that new ones should go elsewhere.
func (s *Server) Drain() { s.phase.Store(draining) }

// Ready reports whether requests should be sent here.
func (s *Server) Ready() bool { return s.phase.Load() == serving && s.Err() == nil }

// Draining reports whether clients should look for another server.
func (s *Server) Draining() bool { return s.phase.Load() == draining }

// Err is the first failure of a task; nil for none.
func (s *Server) Err() error { return context.Cause(s.failed) }

// Stop ends everything, the last started first, each awaited before the next. It
// returns the first failure of a task.
func (s *Server) Stop() error {
	s.phase.CompareAndSwap(serving, draining)
	for _, end := range slices.Backward(s.stops) {
		end()
	}
	s.stops = nil
	return s.Err()
}

// Every makes a task of what is to be done again and again, the first time after one
// interval.
func Every(interval time.Duration, do func(context.Context)) func(context.Context) error {
	return func(ctx context.Context) error {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
				do(ctx)
			}
		}
	}
}

// Later makes a task of one that begins after a while.
func Later(wait time.Duration, task func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
			return task(ctx)
		}
	}
}

// Forever makes a task of what ends only when its context is done.
func Forever(run func(context.Context)) func(context.Context) error {
	return func(ctx context.Context) error {
		run(ctx)
		return nil
	}
}
