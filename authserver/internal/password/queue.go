// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// BusyError refuses work that could not start in time.
type BusyError struct{ wait time.Duration }

func (e *BusyError) Error() string { return fmt.Sprintf("hashing queue is full for %s", e.wait) }

// RetryAfter is the expected wait.
func (e *BusyError) RetryAfter() time.Duration { return e.wait }

// queue runs jobs on a few workers, first come, first served.
type queue struct {
	workers int
	maxWait time.Duration
	now     func() time.Time
	slots   *semaphore.Weighted

	mu      sync.Mutex
	waiting time.Duration // work ahead of the next caller, not yet started
	callers int
	// unit is how long one iteration of bcrypt takes here, learnt from the jobs.
	unit time.Duration
}

// A cost-12 hash, 4096 iterations, takes about a fifth of a second on a server
// of the 2020s; the first job replaces the guess.
const firstGuess = 200 * time.Millisecond / 4096

func newQueue(workers int, maxWait time.Duration, now func() time.Time) *queue {
	return &queue{
		workers: workers, maxWait: maxWait, now: now,
		slots: semaphore.NewWeighted(int64(workers)), unit: firstGuess,
	}
}

// run does job when its turn comes. It returns a *BusyError at once when that
// would be too late, ctx's error when the caller gave up first, or job's error.
// A job that has started always ends.
func (q *queue) run(ctx context.Context, cost int, job func() error) error {
	leave, err := q.enter(cost)
	if err != nil {
		return err
	}
	waitCtx, cancel := context.WithTimeout(ctx, q.maxWait)
	defer cancel()
	err = q.slots.Acquire(waitCtx, 1)
	leave()
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return &BusyError{q.maxWait}
		}
		return err
	}
	defer q.slots.Release(1)

	started := q.now()
	err = job()
	q.learn(cost, q.now().Sub(started))
	return err
}

// enter joins the queue, or refuses when the work ahead is too much.
func (q *queue) enter(cost int) (leave func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := q.waiting / time.Duration(q.workers)
	if wait > q.maxWait {
		return nil, &BusyError{wait}
	}
	work := q.unit << cost
	q.waiting += work
	q.callers++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.waiting -= work
		q.callers--
	}, nil
}

// learn follows the machine's speed with an average that forgets.
func (q *queue) learn(cost int, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unit = (7*q.unit + took>>cost) / 8
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.callers
}
