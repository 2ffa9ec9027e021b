// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (a *API) requirementRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/admin/required-factors", status: http.StatusOK, bearer: bearerRequired,
			summary: "Who must have a second factor, and how far that has come with each",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.Busy},
		}, a.requiredFactors),
		endpoint(a, route{
			method: "GET", path: "/api/admin/required-passwords", status: http.StatusOK, bearer: bearerRequired,
			summary: "Whose password the rules of today would not take, and how far their requirement has come with each",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.Busy},
		}, a.requiredPasswords),
	}
}

// noticeBody tells somebody who has logged in of a requirement that they do not meet yet: factors
// or passwords. DueAt is when they may not be let in any more without it.
type noticeBody struct {
	Kind   requirement.Kind `json:"kind"`
	ToldAt time.Time        `json:"told_at"`
	DueAt  time.Time        `json:"due_at"`
}

func noticesOf(list []requirement.Notice) (bodies []noticeBody) {
	for _, n := range list {
		bodies = append(bodies, noticeBody{n.Kind, n.ToldAt, n.DueAt})
	}
	return bodies
}

// A page's cursor is the id of the last user that it has looked at.
type requiredFactorsQuery struct {
	Group  string            `query:"group" maxLength:"128"`
	State  requirement.State `query:"state" maxLength:"16" enum:"without,told,stopped,met"`
	Limit  *int              `query:"limit" minimum:"1" maximum:"200"`
	Cursor string            `query:"cursor" maxLength:"36" format:"uuid"`
}

// requiredFactorsBody may have fewer people than asked for, and none at all, with more behind
// NextCursor. Count is null until people have been counted.
type requiredFactorsBody struct {
	Count      *requirementCountBody `json:"count"`
	People     []requiredFactorBody  `json:"people"`
	NextCursor *string               `json:"next_cursor"`
}

// requirementCountBody is what servers count every few minutes; Stopped and Held are of just now.
type requirementCountBody struct {
	Covered   int                `json:"covered"`
	Without   int                `json:"without"`
	Stopped   int                `json:"stopped"`
	Held      bool               `json:"held"`
	ByGroup   []groupWithoutBody `json:"by_group"`
	CountedAt time.Time          `json:"counted_at"`
}

type groupWithoutBody struct {
	Group   string `json:"group"`
	Without int    `json:"without"`
}

type requiredFactorBody struct {
	ID        string            `json:"id"`
	Email     string            `json:"email"`
	Name      string            `json:"name"`
	Role      string            `json:"role"`
	State     requirement.State `json:"state"`
	ToldAt    *time.Time        `json:"told_at"`
	DueAt     *time.Time        `json:"due_at"`
	StoppedAt *time.Time        `json:"stopped_at"`
}

func (q requiredFactorsQuery) query() requirement.Query {
	return requirement.Query{Group: q.Group, State: q.State, After: q.Cursor, Limit: pageSize(q.Limit)}
}

func (a *API) requiredFactors(ctx context.Context, r call[requiredFactorsQuery]) (requiredFactorsBody, error) {
	page, err := a.Requirements.PeopleWithoutFactors(ctx, r.Bearer, r.Body.query(), r.Client)
	if err != nil {
		return requiredFactorsBody{}, err
	}
	return a.required(requirement.Factors, page), nil
}

// requiredPasswordsBody has those alone of whom a sign-in has shown it, and so nobody who has met
// it.
type requiredPasswordsBody struct{ requiredFactorsBody }

func (a *API) requiredPasswords(ctx context.Context, r call[requiredFactorsQuery]) (requiredPasswordsBody, error) {
	page, err := a.Requirements.PeopleWithWeakPasswords(ctx, r.Bearer, r.Body.query(), r.Client)
	if err != nil {
		return requiredPasswordsBody{}, err
	}
	return requiredPasswordsBody{a.required(requirement.Passwords, page)}, nil
}

func (a *API) required(kind requirement.Kind, page requirement.Page) requiredFactorsBody {
	body := requiredFactorsBody{People: []requiredFactorBody{}}
	for _, p := range page.People {
		body.People = append(body.People, requiredFactorBody{p.User.ID, p.User.Email, p.User.Name, p.User.Role, p.State, p.ToldAt, p.DueAt, p.ReachedAt})
	}
	if page.Next != "" {
		body.NextCursor = &page.Next
	}
	if counted, found := a.Requirements.Reports()[string(kind)]; found {
		body.Count = countOf(counted)
	}
	return body
}

func countOf(c realmconfig.RequirementReport) *requirementCountBody {
	body := requirementCountBody{
		Covered: c.Covered, Without: c.Without, Stopped: c.Blocked, Held: c.Held, ByGroup: []groupWithoutBody{}, CountedAt: c.CountedAt,
	}
	for _, g := range c.ByGroup {
		body.ByGroup = append(body.ByGroup, groupWithoutBody{g.Group, g.Without})
	}
	return &body
}
