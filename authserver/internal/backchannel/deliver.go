// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// giveUpAfter is how long a client is tried that does not take what it is told.
	giveUpAfter = time.Hour
	// firstRetry doubles with each attempt, up to longestRetry.
	firstRetry   = 2 * time.Second
	longestRetry = 5 * time.Minute
	// forgetAtOnce is how many are given up in one statement.
	forgetAtOnce = 1000
)

// errUnwanted is of what a client is not to be told any more.
var errUnwanted = errors.New("not wanted any more")

// failure is a try that must be made again.
type failure struct {
	Logout
	reason error
}

// tell tells one client of several logouts at once, and writes down what became of each.
//
// A client is told twice only when its yes is lost: when it gives it too late, or when
// this process, or its way to the database, is lost from then until the claim has run out.
func (w *worker) tell(ctx context.Context, clientID string, logouts []Logout) {
	var mu sync.Mutex
	failures, trying := []failure(nil), sync.WaitGroup{}
	for _, l := range logouts {
		trying.Go(func() {
			if err := w.tellOne(ctx, l); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, failure{l, err})
			}
		})
	}
	trying.Wait()
	answers := len(failures) < len(logouts)
	pause := w.patience.note(clientID, answers, w.Now())
	if len(failures) > 0 {
		w.putOff(ctx, clientID, failures, answers, pause)
	}
}

// tellOne returns why the client must be told again.
func (w *worker) tellOne(ctx context.Context, l Logout) error {
	err := w.attempt(ctx, l)
	outcome := delivered
	switch {
	case errors.Is(err, ErrRefused):
		outcome = refused
		w.Log.WarnContext(ctx, "client refuses to be told of a sign-out", "client", l.ClientID, "attempt", l.Attempt)
	case errors.Is(err, errUnwanted):
		outcome = unwanted
	case err != nil:
		w.Observer.Logouts(postponed, 1)
		return err
	}
	w.Observer.Logouts(outcome, 1)
	w.Log.DebugContext(ctx, "client told of a sign-out", "client", l.ClientID, "attempt", l.Attempt, "outcome", outcome)
	w.store(ctx, l.ClientID, func(ctx context.Context) error { return w.Store.ForgetLogout(ctx, l.ID) })
	return nil
}

func (w *worker) attempt(ctx context.Context, l Logout) error {
	c, known, err := w.Clients.Find(ctx, l.ClientID)
	switch {
	case err != nil:
		return err
	case l.GrantedAt.Before(w.Clients.GrantsSince(realmconfig.Client{ID: l.ClientID})):
		return errUnwanted
	case !known: // this pod may not have been told of it yet
		return errors.New("client is not known")
	case c.BackchannelLogoutURI == "":
		return errUnwanted
	}
	token, err := w.token(c, l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	return w.Transport.Tell(ctx, c, token)
}

// putOff has failures tried again, or gives up those that are too old, and with a client
// that answers nothing all that waits for it as long.
func (w *worker) putOff(ctx context.Context, clientID string, failures []failure, answers bool, pause time.Duration) {
	now := w.Now()
	if pause <= firstRetry {
		w.Log.WarnContext(ctx, "client not told of a sign-out yet", "client", clientID, "reason", failures[0].reason)
	}
	for _, f := range failures {
		if now.Sub(f.EndedAt) < giveUpAfter {
			until := now.Add(max(pause, notify.RetryAfter(w.Random, f.Attempt, firstRetry, longestRetry)))
			w.store(ctx, clientID, func(ctx context.Context) error { return w.Store.PostponeLogout(ctx, f.Logout, until) })
			continue
		}
		gone := 1
		w.store(ctx, clientID, func(ctx context.Context) error { return w.Store.ForgetLogout(ctx, f.ID) })
		if !answers {
			gone += w.forgetOld(ctx, clientID, now.Add(-giveUpAfter))
		}
		w.Observer.Logouts(abandoned, gone)
		w.Log.WarnContext(ctx, "given up telling a client of sign-outs", "client", clientID, "sign-outs", gone, "reason", f.reason)
	}
}

func (w *worker) forgetOld(ctx context.Context, clientID string, before time.Time) (gone int) {
	for {
		n := 0
		w.store(ctx, clientID, func(ctx context.Context) (err error) {
			n, err = w.Store.ForgetLogoutsOf(ctx, clientID, before, forgetAtOnce)
			return err
		})
		if gone += n; n < forgetAtOnce || ctx.Err() != nil {
			return gone
		}
	}
}

// store insists while the database is away: who was told must not be told again.
func (w *worker) store(ctx context.Context, clientID string, write func(context.Context) error) {
	if err := notify.Persist(ctx, write); err != nil {
		w.Log.ErrorContext(ctx, "not stored what became of telling a client of a sign-out, it may be told again", "client", clientID, "error", err)
	}
}
