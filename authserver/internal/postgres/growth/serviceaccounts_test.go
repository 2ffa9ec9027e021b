// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
)

func serviceAccountExercises() []exercise {
	disabled, described := true, "another"
	return []exercise{
		{"CreateServiceAccount", "", func(ctx context.Context, w *world) error {
			a := auth.ServiceAccount{ID: newID(), Name: "a" + newID(), CreatedBy: newID(), CreatedAt: w.now()}
			creation, err := w.store.CreateServiceAccount(ctx, a, 10*serviceaccount.Most, w.event(auth.ActCreateServiceAccount, a.ID))
			return want(creation.Created, err)
		}},
		{"ServiceAccounts", "", func(ctx context.Context, w *world) error {
			list, err := w.store.ServiceAccounts(ctx, "account-3", 51)
			return want(len(list) == 51, err)
		}},
		{"ServiceAccountByID", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.ServiceAccountByID(ctx, w.serviceAccount())))
		}},
		{"ServiceAccountNames", "fifty", func(ctx context.Context, w *world) error {
			ids := []string{}
			for range 50 {
				ids = append(ids, w.serviceAccount())
			}
			names, err := w.store.ServiceAccountNames(ctx, ids)
			return want(len(names) > 0, err)
		}},
		{"ServiceAccountsIn", "", func(ctx context.Context, w *world) error {
			list, err := w.store.ServiceAccountsIn(ctx, w.group(7), "", serviceaccount.Most+1)
			return want(len(list) > 0, err)
		}},
		{"GroupByName", "", func(ctx context.Context, w *world) error { return want(found(w.store.GroupByName(ctx, "group-7"))) }},
		{"NamesOf", "of a service account", func(ctx context.Context, w *world) error {
			names, err := w.store.NamesOf(ctx, w.serviceAccount(), speaking(), group.MaxNames)
			return want(len(names) > 0, err)
		}},
		{"AddServiceAccount", "", func(ctx context.Context, w *world) error {
			id := w.serviceAccount()
			adding, err := w.store.AddServiceAccount(ctx, w.newGroup(), id, group.MaxAdded, w.now(), w.event(auth.ActAddServiceAccount, id))
			return want(adding.Added, err)
		}},
		{"RemoveServiceAccount", "", func(ctx context.Context, w *world) error {
			of, id := w.newServiceAccount(), w.newGroup()
			w.sql("INSERT INTO service_account_groups (service_account_id, group_id, added_at) VALUES ($1, $2, now())", of, id)
			return want(w.store.RemoveServiceAccount(ctx, id, of, w.now(), w.event(auth.ActRemoveServiceAccount, of)))
		}},
		{"MakeAccountToken", "", func(ctx context.Context, w *world) error {
			held, user := w.session(), auth.User{}
			w.ask([]any{&user.ID, &user.PasswordChangedAt}, "UPDATE users SET role = 'admin' WHERE id = $1 RETURNING id::text, password_changed_at", held.user)
			now := w.now()
			outcome, err := w.store.MakeAccountToken(ctx, w.newServiceAccount(), personaltoken.Making{
				Token: personaltoken.Token{ID: newID(), ClientID: "apps.shop-1", Name: "Nightly backup", CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour)},
				Hash:  newHash(), User: user, SessionID: held.id, Most: personaltoken.Most,
			}, w.event(auth.ActMakeServiceAccountToken, user.ID))
			w.sql("UPDATE users SET role = 'user' WHERE id = $1", held.user)
			return want(outcome == personaltoken.Made, err)
		}},
		{"AccountTokensOf", "", func(ctx context.Context, w *world) error {
			of, _, _ := w.accountToken()
			list, err := w.store.AccountTokensOf(ctx, of, w.now())
			return want(len(list) > 0, err)
		}},
		{"PersonalToken", "of a service account", func(ctx context.Context, w *world) error {
			_, _, hash := w.accountToken()
			return want(found(w.store.PersonalToken(ctx, hash, w.now())))
		}},
		{"EndAccountToken", "", func(ctx context.Context, w *world) error {
			of, id, _ := w.accountToken()
			return want(w.store.EndAccountToken(ctx, of, id, w.now(), w.event(auth.ActEndServiceAccountToken, of)))
		}},
		{"ChangeServiceAccount", "described", func(ctx context.Context, w *world) error {
			id := w.serviceAccount()
			changed, err := w.store.ChangeServiceAccount(ctx, id, serviceaccount.Change{Description: &described}, w.now(), w.event(auth.ActDescribeServiceAccount, id))
			return want(changed.Known, err)
		}},
		{"ChangeServiceAccount", "disabled", func(ctx context.Context, w *world) error {
			of, _, _ := w.accountToken()
			changed, err := w.store.ChangeServiceAccount(ctx, of, serviceaccount.Change{Disabled: &disabled}, w.now(), w.event(auth.ActDisableServiceAccount, of))
			return want(len(changed.Ended) > 0, err)
		}},
		{"DeleteServiceAccount", "", func(ctx context.Context, w *world) error {
			of, _, _ := w.accountToken()
			deleted, err := w.store.DeleteServiceAccount(ctx, of, w.now(), w.event(auth.ActDeleteServiceAccount, of))
			return want(deleted.Known, err)
		}},
	}
}

// serviceAccount is one of the fill.
func (w *world) serviceAccount() (id string) {
	w.t.Helper()
	w.ask([]any{&id}, "SELECT id::text FROM service_accounts WHERE disabled_at IS NULL OFFSET $1 LIMIT 1", w.number(serviceaccount.Most/2))
	return id
}

// newServiceAccount is one more, in no group and without a token.
func (w *world) newServiceAccount() string {
	w.t.Helper()
	id := newID()
	w.sql("INSERT INTO service_accounts (id, name, description, created_by, created_at) VALUES ($1, $2, '', $1, now())", id, "b"+id)
	return id
}

// accountToken is a token of one more, that is good.
func (w *world) accountToken() (of, id string, hash auth.TokenHash) {
	w.t.Helper()
	of, id, hash = w.newServiceAccount(), newID(), newHash()
	w.sql(`INSERT INTO personal_access_tokens (id, hash, service_account_id, client_id, name, scopes, created_at, expires_at, made_by)
		VALUES ($1, $2, $3, 'apps.shop-1', 'Nightly backup', ARRAY['groups'], now(), now() + interval '1 day', $3)`, id, hash[:], of)
	return of, id, hash
}
