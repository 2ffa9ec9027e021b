// SPDX-License-Identifier: Apache-2.0

// Package console tells a person at a terminal what goes on and for how long.
package console

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// patience is how long a step may stay silent.
	patience = 5 * time.Second
	// reminder is the time between the later signs of life of a step.
	reminder = 15 * time.Second
	// instant is how long a step may take without being worth a line.
	instant = time.Second
)

// Console writes whole lines, each with the seconds since it was made. It may
// be used by several goroutines.
type Console struct {
	mu    sync.Mutex
	out   io.Writer
	begun time.Time
}

// New returns a console that writes to out and counts seconds from now.
func New(out io.Writer) *Console {
	return &Console{out: out, begun: time.Now()}
}

// Say writes one line.
func (c *Console) Say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.out, "%6.1fs  %s\n", time.Since(c.begun).Seconds(), fmt.Sprintf(format, args...))
}

// Print writes text as it is, for output that people copy.
func (c *Console) Print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprint(c.out, text)
}

// Step runs do, gives signs of life while it lasts and says how long it took.
// The error of do comes back with the step's name in front.
func (c *Console) Step(name string, do func() error) error {
	return c.StepWithProgress(name, func(func(string)) error { return do() })
}

// StepWithProgress is Step for what knows how far it is. What do says last of that
// is told with the next sign of life.
func (c *Console) StepWithProgress(name string, do func(say func(progress string)) error) error {
	begun := time.Now()
	done := make(chan struct{})
	var progress atomic.Value
	progress.Store("still at it")
	var watcher sync.WaitGroup
	watcher.Go(func() { c.watch(name, begun, &progress, done) })
	err := do(func(said string) { progress.Store(said) })
	close(done)
	watcher.Wait()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if took := time.Since(begun); took > instant {
		c.Say("%s: done in %.1fs", name, took.Seconds())
	}
	return nil
}

func (c *Console) watch(name string, begun time.Time, progress *atomic.Value, done <-chan struct{}) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
			c.Say("%s: %s after %.0fs", name, progress.Load(), time.Since(begun).Seconds())
			timer.Reset(reminder)
		}
	}
}
