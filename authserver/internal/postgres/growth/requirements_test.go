// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func requirementExercises() (list []exercise) {
	untold := anybody + " AND NOT EXISTS (SELECT FROM requirements r WHERE r.user_id = users.id)"
	told := anybody + " AND EXISTS (SELECT FROM requirements r WHERE r.user_id = users.id AND r.reached_at IS NULL AND r.met_at IS NULL)"
	tell := func(condition string) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			u := w.user(condition)
			_, first, err := w.store.TellRequirement(ctx, requirement.Telling{
				UserID: u.ID, Kind: requirement.Factors, GracePeriod: 14 * 24 * time.Hour, Now: w.now(),
			}, w.event(auth.ActTellRequirement, u.ID))
			return want(first == (condition == untold), err)
		}
	}
	reach := func(condition string, most int) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			u := w.user(condition)
			r, err := w.store.ReachRequirement(ctx, requirement.Reach{
				UserID: u.ID, Kind: requirement.Factors, Since: w.now().Add(-7 * 24 * time.Hour), Most: most, Now: w.now(),
			}, w.event(auth.ActReachRequirement, u.ID))
			return want(r.Done == (most != 1) && r.Held == (most == 1), err)
		}
	}
	list = []exercise{
		{"RequirementOf", "", func(ctx context.Context, w *world) error {
			return done(w.store.RequirementOf(ctx, w.user(told).ID, requirement.Factors))
		}},
		{"TellRequirement", "", tell(untold)},
		{"TellRequirement", "again", tell(told)},
		{"ReachRequirement", "", reach(told, 1000)},
		{"ReachRequirement", "who was never told, with any number", reach(untold, 0)},
		{"ReachRequirement", "that is held", reach(told, 1)},
		{"MeetRequirement", "", func(ctx context.Context, w *world) error {
			return w.store.MeetRequirement(ctx, w.user(told).ID, requirement.Factors, w.now())
		}},
		{"BlockedBy", "", func(ctx context.Context, w *world) error {
			return done(w.store.BlockedBy(ctx, requirement.Factors, w.now().Add(-7*24*time.Hour), 1000))
		}},
		{"BeginCount", "", func(ctx context.Context, w *world) error {
			return done(w.store.BeginCount(ctx, requirement.CountClaim{Kind: requirement.Factors, Question: newID(), Since: w.now(), Until: w.now(), Now: w.now()}))
		}},
		{"WithoutFactors", "of nobody", func(ctx context.Context, w *world) error {
			return done(w.store.WithoutFactors(ctx, requirement.Batch{Concerned: requirement.Concerned{Who: realmconfig.RequiredOfNone}, Limit: 250}))
		}},
		{"MailToken", "that sets a second factor up", func(ctx context.Context, w *world) error {
			u := w.user(untold)
			return want(w.store.MailToken(ctx, auth.OneTimeToken{
				Hash: newHash(), Kind: auth.SetUpCodeToken, UserID: u.ID, Email: u.Email, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour),
			}, w.mailed(auth.ActRequestSetUpCode, u.ID)))
		}},
		{"AbandonCount", "", func(ctx context.Context, w *world) error { return w.store.AbandonCount(ctx, requirement.Factors) }},
		{"StoreCount", "", func(ctx context.Context, w *world) error {
			return w.store.StoreCount(ctx, requirement.Factors, requirement.Count{Question: newID(), Covered: 3, Without: 1, CountedAt: w.now()})
		}},
		{"CountOf", "", func(ctx context.Context, w *world) error {
			_, _, err := w.store.CountOf(ctx, requirement.Factors)
			return err
		}},
	}
	for _, who := range []realmconfig.RequiredOf{realmconfig.RequiredOfEverybody, realmconfig.RequiredOfAdmins, realmconfig.RequiredOfGroups} {
		concerned := requirement.Concerned{Who: who, Groups: []string{"group-1", "group-2"}, Sources: speaking(), Passkeys: true}
		list = append(list, exercise{"EmptyGroups", describe("of", string(who)), func(ctx context.Context, w *world) error {
			return done(w.store.EmptyGroups(ctx, concerned))
		}})
		for _, far := range []bool{false, true} {
			what := describe("of", string(who), "page", ifFar(far))
			list = append(list, exercise{"WithoutFactors", what, func(ctx context.Context, w *world) error {
				return done(w.store.WithoutFactors(ctx, requirement.Batch{Concerned: concerned, After: w.after(far), Limit: 250}))
			}})
			for _, group := range []string{"", "group-1"} {
				for _, state := range []requirement.State{"", requirement.Without, requirement.Told, requirement.Stopped, requirement.Met} {
					q := requirement.Query{Concerned: concerned, Group: group, State: state, Limit: page, Look: 500}
					what := describe("of", string(who), "group", group, "state", string(state), "page", ifFar(far))
					list = append(list, exercise{"PeopleWithoutFactors", what, func(ctx context.Context, w *world) error {
						q.After = w.after(far)
						return done(w.store.PeopleWithoutFactors(ctx, q))
					}})
				}
			}
		}
	}
	return list
}

// after is behind a third of all users, or before them.
func (w *world) after(far bool) (id string) {
	if far {
		w.ask([]any{&id}, "SELECT ("+userID("$users / 3")+")::text")
	}
	return id
}

// stop has a sign-in of a user wait for a second factor.
func (w *world) stop(userID string, hash auth.TokenHash) {
	w.sql(`INSERT INTO tickets (hash, kind, user_id, created_at, expires_at) VALUES ($1, $2, $3, now(), now() + interval '30 minutes')`,
		hash[:], auth.StoppedSignInToken, userID)
}
