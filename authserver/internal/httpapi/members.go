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

func (a *API) memberRoutes() []route {
	const members = groupPath + "/members"
	return []route{
		endpoint(a, route{
			method: "GET", path: members, status: http.StatusOK, bearer: bearerRequired,
			summary: "Who is in a group and why, the newest user first",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound, auth.Busy},
		}, a.listMembers),
		endpoint(a, route{
			method: "POST", path: members, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Put a user into a group",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.TooManyGroups),
		}, a.addMember),
		endpoint(a, route{
			method: "DELETE", path: members + "/{user}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Take a user out of a group whom an administrator has put there",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.removeMember),
		endpoint(a, route{
			method: "GET", path: "/api/admin/users/{id}/groups", status: http.StatusOK, bearer: bearerRequired,
			summary: "The groups that a user is in and why, sorted by name",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound, auth.Busy},
		}, a.groupsOfUser),
	}
}

type memberQuery struct {
	ID     string `path:"id" maxLength:"36" format:"uuid"`
	Limit  *int   `query:"limit" minimum:"1" maximum:"200"`
	Cursor string `query:"cursor" maxLength:"36" format:"uuid"`
}

type membersBody struct {
	Members    []memberBody `json:"members"`
	NextCursor *string      `json:"next_cursor"`
}

// originBody says why somebody is in a group: AddedAt is when an administrator has put
// them there, null for none, and Providers are those that speak of them as in it.
type originBody struct {
	AddedAt   *time.Time `json:"added_at"`
	Providers []string   `json:"providers"`
}

func originOf(o group.Origin) originBody {
	return originBody{o.AddedAt, append([]string{}, o.Providers...)}
}

type memberBody struct {
	ID            string `json:"id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
	originBody
}

func (a *API) listMembers(ctx context.Context, r call[memberQuery]) (membersBody, error) {
	_, members, more, err := a.Groups.Members(ctx, r.Bearer, r.Body.ID, r.Body.Cursor, pageSize(r.Body.Limit), r.Client)
	page := membersBody{Members: []memberBody{}}
	for _, m := range members {
		page.Members = append(page.Members, memberBody{
			ID: m.User.ID, Email: m.User.Email, EmailVerified: m.User.EmailVerifiedAt != nil, Name: m.User.Name, originBody: originOf(m.Origin),
		})
	}
	if more {
		page.NextCursor = &members[len(members)-1].User.ID
	}
	return page, err
}

type newMemberBody struct {
	ID     string `path:"id" maxLength:"36" format:"uuid"`
	UserID string `json:"user_id" required:"true" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) addMember(ctx context.Context, r call[newMemberBody]) (empty, error) {
	return empty{}, a.Groups.AddMember(ctx, r.Bearer, r.Body.ID, r.Body.UserID, r.Body.proof(), r.Client)
}

type memberPath struct {
	ID     string `path:"id" maxLength:"36" format:"uuid"`
	UserID string `path:"user" maxLength:"36" format:"uuid"`
}

func (a *API) removeMember(ctx context.Context, r call[memberPath]) (empty, error) {
	return empty{}, a.Groups.RemoveMember(ctx, r.Bearer, r.Body.ID, r.Body.UserID, r.Client)
}

type membershipsBody struct {
	Groups []membershipBody `json:"groups"`
}

type membershipBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	originBody
}

func (a *API) groupsOfUser(ctx context.Context, r call[userPath]) (membershipsBody, error) {
	list, err := a.Groups.MembershipsOf(ctx, r.Bearer, r.Body.ID, r.Client)
	body := membershipsBody{Groups: []membershipBody{}}
	for _, m := range list {
		body.Groups = append(body.Groups, membershipBody{ID: m.Group.ID, Name: m.Group.Name, originBody: originOf(m.Origin)})
	}
	return body, err
}
