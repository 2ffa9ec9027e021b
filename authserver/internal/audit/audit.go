// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// NewEvent is an event about something that succeeds with the change it is an
// effect of. Print it when the change has happened.
func (l *Log) NewEvent(action auth.Action, actorID, targetID string, from auth.Client) (auth.Event, error) {
	id, err := l.NewID()
	return auth.Event{
		ID: id, Action: action, Outcome: auth.Succeeded, ActorID: actorID, TargetID: targetID,
		Address: from.Address, UserAgent: from.UserAgent, At: l.Now(),
	}, err
}

// NewRefusal is an event about something that came to nothing, for the reason of err.
// Record it.
func (l *Log) NewRefusal(action auth.Action, actorID, targetID string, from auth.Client, err error) auth.Event {
	return auth.Event{
		Action: action, Outcome: auth.OutcomeOf(err), Reason: auth.ReasonOf(err), ActorID: actorID, TargetID: targetID,
		Address: from.Address, UserAgent: from.UserAgent, At: l.Now(),
	}
}

// Record writes an event that goes with no change, such as a refusal. It never
// fails the request that it tells of.
func (l *Log) Record(ctx context.Context, e auth.Event) {
	l.Print(ctx, e)
	if !stored(auth.Code(e.Outcome)) {
		return
	}
	id, err := l.NewID()
	if err == nil {
		e.ID = id
		err = l.Store.RecordEvent(context.WithoutCancel(ctx), e)
	}
	if err != nil {
		l.Realm.Log.ErrorContext(ctx, "audit event not stored", "action", e.Action, "error", err)
	}
}

// stored is false of outcomes that are logged alone: what is refused without asking
// the Store must stay cheap for us, and what the Store could not answer it cannot
// store either.
func stored(outcome auth.Code) bool {
	return !slices.Contains([]auth.Code{
		auth.AccountLocked, auth.TooManyAttempts, auth.RateLimited, auth.Busy,
		auth.DatabaseUnavailable, auth.SigningUnavailable, auth.ClientLeft,
	}, outcome)
}

// Print writes an event to the server's log, for auditors who read that.
func (l *Log) Print(ctx context.Context, e auth.Event) { e.Log(ctx, l.Realm.Log) }

// RecordProof tells of a proof and, when it is wrong, of somebody who has the
// user's access token, but not what only the user has.
func (l *Log) RecordProof(ctx context.Context, user auth.User, kind string, from auth.Client, err error) {
	e := l.NewRefusal(auth.ActProve, user.ID, user.ID, from, err)
	e.Detail = kind
	l.Record(ctx, e)
}
