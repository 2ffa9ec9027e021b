// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"
	"fmt"
	"net/http"
)

// Join puts somebody into groups, which are made when they are missing. The app must be
// an admin's.
func (a *App) Join(ctx context.Context, email string, groups ...string) error {
	id, err := a.UserID(ctx, email)
	if err != nil {
		return err
	}
	for _, name := range groups {
		group, err := a.groupID(ctx, name)
		if err != nil {
			return err
		}
		if err := a.Call(ctx, http.MethodPost, "/api/admin/groups/"+group+"/members", map[string]string{"user_id": id}, nil); err != nil {
			return fmt.Errorf("join %s: %w", name, err)
		}
	}
	return nil
}

// Leave takes somebody out of a group. The app must be an admin's.
func (a *App) Leave(ctx context.Context, email, group string) error {
	id, err := a.UserID(ctx, email)
	if err != nil {
		return err
	}
	from, err := a.groupID(ctx, group)
	if err != nil {
		return err
	}
	return a.Call(ctx, http.MethodDelete, "/api/admin/groups/"+from+"/members/"+id, nil, nil)
}

// UserID is whose address it is. The app must be an admin's.
func (a *App) UserID(ctx context.Context, email string) (string, error) {
	found := struct{ Users []struct{ ID, Email string } }{}
	if err := a.Call(ctx, http.MethodGet, "/api/admin/users?q="+email, nil, &found); err != nil {
		return "", fmt.Errorf("find user: %w", err)
	}
	for _, u := range found.Users {
		if u.Email == email {
			return u.ID, nil
		}
	}
	return "", fmt.Errorf("there is no user %s", email)
}

func (a *App) groupID(ctx context.Context, name string) (string, error) {
	all := struct{ Groups []struct{ ID, Name string } }{}
	if err := a.Call(ctx, http.MethodGet, "/api/admin/groups", nil, &all); err != nil {
		return "", fmt.Errorf("list groups: %w", err)
	}
	for _, g := range all.Groups {
		if g.Name == name {
			return g.ID, nil
		}
	}
	made := struct{ ID string }{}
	if err := a.Call(ctx, http.MethodPost, "/api/admin/groups", map[string]string{"name": name}, &made); err != nil {
		return "", fmt.Errorf("make group %s: %w", name, err)
	}
	return made.ID, nil
}
