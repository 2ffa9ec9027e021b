// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// page is how many rows a search shows.
const page = 50

// choice is a value of a filter, and what it is called.
type choice[T any] struct {
	name  string
	value T
}

// directoryExercises ask for every combination of filters, each with values that many
// rows have, few, and none, and for the first page and one far behind it.
func directoryExercises() (list []exercise) {
	texts := []choice[string]{{"", ""}, {"many", "smith"}, {"domain", "company-77.example"}, {"rare", "quixote"}, {"nobody", "xylophagous"}}
	roles := []choice[string]{{"", ""}, {"user", "user"}, {"admin", "admin"}, {"nobody", "no-such-role"}}
	statuses := []admin.Status{"", admin.ActiveStatus, admin.DisabledStatus, admin.UnverifiedStatus, admin.LockedStatus}
	for _, text := range texts {
		for _, role := range roles {
			for _, status := range statuses {
				for _, far := range []bool{false, true} {
					for _, outdated := range []bool{false, true} {
						if outdated && text.value == "" {
							continue // it is about the text alone
						}
						q := admin.UserQuery{Text: text.value, Role: role.value, Status: status, Outdated: outdated, Limit: page, LongestLock: 48 * time.Hour}
						what := describe("text", text.name, "role", role.name, "status", string(status), "page", ifFar(far), "documents", ifOutdated(outdated))
						list = append(list, exercise{"FindUsers", what, func(ctx context.Context, w *world) error { return w.findUsers(ctx, q, far) }})
					}
				}
			}
		}
	}
	return append(list, eventExercises()...)
}

func (w *world) findUsers(ctx context.Context, q admin.UserQuery, far bool) error {
	if far {
		w.ask([]any{&q.Before}, "SELECT ("+userID("$users / 3")+")::text")
	}
	return done(w.store.FindUsers(ctx, q, w.now()))
}

func eventExercises() (list []exercise) {
	who := []choice[func(*admin.EventQuery, auth.User)]{
		{"", func(*admin.EventQuery, auth.User) {}},
		{"actor", func(q *admin.EventQuery, u auth.User) { q.ActorID = u.ID }},
		{"target", func(q *admin.EventQuery, u auth.User) { q.TargetID = u.ID }},
		{"actor and target", func(q *admin.EventQuery, u auth.User) { q.ActorID, q.TargetID = u.ID, u.ID }},
		{"nobody", func(q *admin.EventQuery, _ auth.User) { q.TargetID = newID() }},
		{"account", func(q *admin.EventQuery, _ auth.User) { q.Account = stranger() }},
		{"about a user", func(q *admin.EventQuery, u auth.User) {
			q.About = &admin.About{UserID: u.ID, Account: auth.KeyOf(u.Email)}
		}},
		{"about a stranger", func(q *admin.EventQuery, _ auth.User) { q.About = &admin.About{Account: *stranger()} }},
	}
	actions := []choice[auth.Action]{{"", ""}, {"many", auth.ActLogin}, {"rare", auth.ActLock}, {"none", auth.ActRewriteEmail}}
	outcomes := []choice[string]{{"", ""}, {"many", auth.Succeeded}, {"rare", string(auth.AccountDisabled)}, {"none", string(auth.LastAdmin)}}
	for _, about := range who {
		for _, action := range actions {
			for _, outcome := range outcomes {
				for _, span := range []string{"", "six hours", "old"} {
					for _, far := range []bool{false, true} {
						what := describe("of", about.name, "action", action.name, "outcome", outcome.name, "time", span, "page", ifFar(far))
						list = append(list, exercise{"FindEvents", what, func(ctx context.Context, w *world) error {
							q := admin.EventQuery{Action: action.value, Outcome: outcome.value, Limit: page}
							about.value(&q, w.user("true"))
							return w.findEvents(ctx, q, span, far)
						}})
					}
				}
			}
		}
	}
	return list
}

func (w *world) findEvents(ctx context.Context, q admin.EventQuery, span string, far bool) error {
	const day = 24 * time.Hour
	last := w.fill.now.Add(-9 * day)
	switch span {
	case "six hours":
		begin, end := w.fill.now.Add(-10*day), w.fill.now.Add(-10*day+6*time.Hour)
		q.From, q.To, last = &begin, &end, begin.Add(4*time.Hour)
	case "old":
		end := w.fill.now.Add(-60 * day)
		q.To, last = &end, end.Add(-10*day)
	}
	if far {
		q.Before = &admin.EventCursor{At: last, ID: newID()}
	}
	return done(w.store.FindEvents(ctx, q))
}

// stranger is the key of an address without an account that was tried.
func stranger() *auth.AccountKey {
	key := auth.KeyOf("stranger77")
	return &key
}

// describe says the filters that are set: name, value, and so on.
func describe(pairs ...string) string {
	said := []string{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			said = append(said, fmt.Sprintf("%s=%s", pairs[i], pairs[i+1]))
		}
	}
	return strings.Join(said, " ")
}

func ifFar(far bool) string {
	if far {
		return "far"
	}
	return ""
}

func ifOutdated(outdated bool) string {
	if outdated {
		return "outdated"
	}
	return ""
}
