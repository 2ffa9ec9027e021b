// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
)

// speaking are all providers of the fill.
func speaking() []auth.GroupSource {
	return []auth.GroupSource{
		{Provider: "google", Authority: "https://issuer-0.example"},
		{Provider: "github", Authority: "https://issuer-1.example"},
		{Provider: "okta", Authority: "https://issuer-2.example"},
	}
}

func groupExercises() []exercise {
	return []exercise{
		{"NamesOf", "", func(ctx context.Context, w *world) error {
			names, err := w.store.NamesOf(ctx, w.user(linked).ID, speaking(), group.MaxNames)
			return want(len(names) > 0, err)
		}},
		{"MembershipsOf", "", func(ctx context.Context, w *world) error {
			list, err := w.store.MembershipsOf(ctx, w.user(linked).ID, speaking(), group.MaxNames)
			return want(len(list) > 0, err)
		}},
		{"Groups", "", func(ctx context.Context, w *world) error {
			list, err := w.store.Groups(ctx, "group-3", 51)
			return want(len(list) == 51, err)
		}},
		{"GroupByID", "", func(ctx context.Context, w *world) error { return want(found(w.store.GroupByID(ctx, w.group(7)))) }},
		{"Members", "of the largest", func(ctx context.Context, w *world) error {
			list, err := w.store.Members(ctx, group.MemberQuery{GroupID: w.group(1), Sources: speaking(), Before: w.user("true").ID, Limit: 51})
			return want(len(list) > 0, err)
		}},
		{"Members", "of a small one", func(ctx context.Context, w *world) error {
			list, err := w.store.Members(ctx, group.MemberQuery{GroupID: w.group(7), Sources: speaking(), Limit: 51})
			return want(len(list) > 0, err)
		}},
		{"CreateGroup", "", func(ctx context.Context, w *world) error {
			g := group.Group{ID: newID(), Name: "new-" + newID(), CreatedAt: w.now()}
			return want(w.store.CreateGroup(ctx, g, w.event(auth.ActCreateGroup, newID())))
		}},
		{"RenameGroup", "", func(ctx context.Context, w *world) error {
			renaming, err := w.store.RenameGroup(ctx, group.Group{ID: w.group(w.number(manyGroups)), Name: "renamed-" + newID()}, w.now(), w.event(auth.ActRenameGroup, newID()))
			return want(renaming.Known && !renaming.Taken, err)
		}},
		{"AddMember", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			adding, err := w.store.AddMember(ctx, w.newGroup(), u.ID, group.MaxAdded, w.now(), w.event(auth.ActAddMember, u.ID))
			return want(adding.Added, err)
		}},
		{"RemoveMember", "", func(ctx context.Context, w *world) error {
			u, id := w.user(anybody), ""
			w.ask([]any{&id}, "SELECT group_id::text FROM group_members WHERE user_id = $1 LIMIT 1", u.ID)
			return want(w.store.RemoveMember(ctx, id, u.ID, w.now(), w.event(auth.ActRemoveMember, u.ID)))
		}},
		{"MapGroups", "other groups", func(ctx context.Context, w *world) error { return w.mapGroups(ctx, w.user(linked), "group-7", newID()) }},
		{"MapGroups", "no groups", func(ctx context.Context, w *world) error { return w.mapGroups(ctx, w.user(linked)) }},
		{"EmptyGroup", "", func(ctx context.Context, w *world) error {
			emptied, err := w.store.EmptyGroup(ctx, w.group(1), 1000)
			return want(emptied > 0, err)
		}},
		{"DeleteGroup", "", func(ctx context.Context, w *world) error {
			return want(w.store.DeleteGroup(ctx, w.newGroup(), w.now(), w.event(auth.ActDeleteGroup, newID())))
		}},
	}
}

// group is the id of one by its number.
func (w *world) group(n int) string {
	id := ""
	w.ask([]any{&id}, "SELECT "+groupID(fmt.Sprint(n))+"::text")
	return id
}

// newGroup is one in which nobody is.
func (w *world) newGroup() string {
	id := newID()
	w.sql("INSERT INTO groups (id, name, created_at) VALUES ($1, $2, now())", id, "empty-"+id)
	return id
}

func (w *world) mapGroups(ctx context.Context, u auth.User, names ...string) error {
	i := w.identityOf(u).Identity
	m := group.Mapped{
		Statement: group.Statement{Provider: i.Provider, Issuer: i.Issuer, Subject: i.Subject}, Authority: i.Issuer, At: w.now(),
	}
	for _, name := range names {
		m.Groups = append(m.Groups, group.Group{ID: newID(), Name: name})
	}
	done, err := w.store.MapGroups(ctx, m, w.event(auth.ActMapGroups, u.ID))
	return want(done.Done, err)
}
