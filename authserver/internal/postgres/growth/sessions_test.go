// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func sessionExercises() []exercise {
	return []exercise{
		{"Rotate", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.Rotate(ctx, rotation(w.session().token, newHash(), w.now()))))
		}},
		{"UsedRefreshToken", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.UsedRefreshToken(ctx, w.session().token, session.TokenFamily{})))
		}},
		{"UsedRefreshToken", "that is forgotten", func(ctx context.Context, w *world) error {
			held := w.session()
			w.sql("UPDATE sessions SET family = $2 WHERE id = $1", held.id, familyOfAll) // which one of a release before has not
			return want(found(w.store.UsedRefreshToken(ctx, newHash(), session.TokenFamily{SessionID: held.id, Number: familyOfAll})))
		}},
		{"UserOfSession", "", func(ctx context.Context, w *world) error {
			held := w.session()
			return want(found(w.store.UserOfSession(ctx, held.user, held.id, w.now())))
		}},
		{"SessionsOf", "", func(ctx context.Context, w *world) error {
			return done(w.store.SessionsOf(ctx, w.session().user, w.now()))
		}},
		{"EndSession", "", func(ctx context.Context, w *world) error {
			held := w.session()
			return want(w.store.EndSession(ctx, held.id, session.EndedByLogout, w.now(), w.event(auth.ActLogout, held.user)))
		}},
		{"EndSessions", "all", func(ctx context.Context, w *world) error {
			held := w.session()
			return w.end(ctx, session.SessionsEnd{UserID: held.user})
		}},
		{"EndSessions", "one", func(ctx context.Context, w *world) error {
			held := w.session()
			return w.end(ctx, session.SessionsEnd{UserID: held.user, Only: held.id})
		}},
		{"EndSessions", "all but one", func(ctx context.Context, w *world) error {
			held := w.session()
			_, _, err := w.store.EndSessions(ctx, session.SessionsEnd{UserID: held.user, Except: held.id, Reason: session.EndedByUser, Now: w.now()}, w.event(auth.ActEndSession, held.user))
			return err
		}},
		{"EndSessionsBefore", "where none is left", func(ctx context.Context, w *world) error {
			return w.store.EndSessionsBefore(ctx, w.fill.now.Add(-40*24*time.Hour), session.EndedBySettings, w.now())
		}},
		{"EndSessionsOfClients", "", func(ctx context.Context, w *world) error {
			held := w.session()
			w.sql("UPDATE sessions SET client_id = 'apps.shop-gone' WHERE id = $1", held.id)
			return w.store.EndSessionsOfClients(ctx, session.ClientsEnd{
				ClientIDs: []string{"apps.shop-gone", "apps.shop-other"}, Before: []time.Time{w.now(), w.now()}, Reason: session.EndedWithClient, Now: w.now(),
			})
		}},
		{"ContinueSession", "", func(ctx context.Context, w *world) error {
			earlier, begun := w.session(), w.session()
			w.sql("UPDATE sessions SET user_id = $2, family = $3 WHERE id = $1", begun.id, earlier.user, familyOfAll)
			return want(found(w.store.ContinueSession(ctx, session.Continuation{Begun: begun.token, Earlier: earlier.token, UsedSince: w.now(), Now: w.now()})))
		}},
		{"RevokeToken", "", func(ctx context.Context, w *world) error {
			return w.store.RevokeToken(ctx, uuid.NewString())
		}},
		{"RevokedWithin", "the newest", func(ctx context.Context, w *world) error {
			after := session.Revocation{At: w.now().Add(-time.Second)}
			return done(w.store.RevokedWithin(ctx, session.RevocationMemory, after, 1000))
		}},
		{"RevokedWithin", "a page of a pod that starts", func(ctx context.Context, w *world) error {
			return done(w.store.RevokedWithin(ctx, session.RevocationMemory, session.Revocation{}, 1000))
		}},
	}
}

func (w *world) end(ctx context.Context, e session.SessionsEnd) error {
	e.Reason, e.Now = session.EndedByUser, w.now()
	ended, _, err := w.store.EndSessions(ctx, e, w.event(auth.ActEndSession, e.UserID))
	return want(len(ended) > 0, err)
}

func rotation(used, successor auth.TokenHash, now time.Time) session.Rotation {
	return session.Rotation{Used: used, Successor: successor, Family: familyOfAll, Sealed: make([]byte, 75), Now: now, ExpiresAt: now.Add(7 * 24 * time.Hour)}
}
