// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

const (
	groupsPath = "/api/admin/groups"
	groupPath  = groupsPath + "/{id}"
)

func (a *API) groupRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: groupsPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "The realm's groups, sorted by name",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.Busy},
		}, a.listGroups),
		endpoint(a, route{
			method: "POST", path: groupsPath, status: http.StatusCreated, bearer: bearerRequired,
			summary: "Create a group",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.GroupExists},
		}, a.createGroup),
		endpoint(a, route{
			method: "GET", path: groupPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "A group",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.getGroup),
		endpoint(a, route{
			method: "PATCH", path: groupPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "Rename a group",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.GroupExists),
		}, a.renameGroup),
		endpoint(a, route{
			method: "DELETE", path: groupPath, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Delete a group, whoever is in it",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound),
		}, a.deleteGroup),
	}
}

// A page's cursor is the name of its last group.
type groupQuery struct {
	Limit  *int   `query:"limit" minimum:"1" maximum:"200"`
	Cursor string `query:"cursor" maxLength:"128"`
}

type groupsBody struct {
	Groups     []groupBody `json:"groups"`
	NextCursor *string     `json:"next_cursor"`
}

type groupBody struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

func groupOf(g group.Group) groupBody { return groupBody{g.ID, g.Name, g.CreatedAt} }

func (a *API) listGroups(ctx context.Context, r call[groupQuery]) (groupsBody, error) {
	groups, more, err := a.Groups.List(ctx, r.Bearer, r.Body.Cursor, pageSize(r.Body.Limit), r.Client)
	page := groupsBody{Groups: []groupBody{}}
	for _, g := range groups {
		page.Groups = append(page.Groups, groupOf(g))
	}
	if more {
		page.NextCursor = &groups[len(groups)-1].Name
	}
	return page, err
}

type newGroupBody struct {
	Name string `json:"name" required:"true" maxLength:"128"`
}

func (a *API) createGroup(ctx context.Context, r call[newGroupBody]) (groupBody, error) {
	g, err := a.Groups.Create(ctx, r.Bearer, r.Body.Name, r.Client)
	return groupOf(g), err
}

type groupIDPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
}

func (a *API) getGroup(ctx context.Context, r call[groupIDPath]) (groupBody, error) {
	g, err := a.Groups.Get(ctx, r.Bearer, r.Body.ID, r.Client)
	return groupOf(g), err
}

type groupChangeBody struct {
	ID   string `path:"id" maxLength:"36" format:"uuid"`
	Name string `json:"name" required:"true" maxLength:"128"`
	proofBody
}

func (a *API) renameGroup(ctx context.Context, r call[groupChangeBody]) (groupBody, error) {
	g, err := a.Groups.Rename(ctx, r.Bearer, r.Body.ID, r.Body.Name, r.Body.proof(), r.Client)
	return groupOf(g), err
}

type provenGroupPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) deleteGroup(ctx context.Context, r call[provenGroupPath]) (empty, error) {
	return empty{}, a.Groups.Delete(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
