// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) auditRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/admin/audit", status: http.StatusOK, bearer: bearerRequired,
			summary: "Search the audit trail, the newest event first",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.Busy},
		}, a.searchAudit),
	}
}

type auditQuery struct {
	Actor   string `query:"actor" maxLength:"36" format:"uuid"`
	Target  string `query:"target" maxLength:"36" format:"uuid"`
	Email   string `query:"email" maxLength:"254" format:"login"`
	Action  string `query:"action" maxLength:"64"`
	Outcome string `query:"outcome" maxLength:"64"`
	From    string `query:"from" maxLength:"40" format:"date-time"`
	To      string `query:"to" maxLength:"40" format:"date-time"`
	Limit   *int   `query:"limit" minimum:"1" maximum:"200"`
	Cursor  string `query:"cursor" maxLength:"128"`
}

type trailBody struct {
	Events     []eventBody `json:"events"`
	NextCursor *string     `json:"next_cursor"`
}

// eventBody names users by id: the trail outlives them. The account tells
// attempts on one address from those on another.
type eventBody struct {
	ID        string      `json:"id"`
	At        time.Time   `json:"at"`
	Action    auth.Action `json:"action"`
	Outcome   string      `json:"outcome"`
	Actor     *string     `json:"actor"`
	Target    *string     `json:"target"`
	Account   *string     `json:"account"`
	Address   string      `json:"address"`
	UserAgent string      `json:"user_agent"`
	Detail    string      `json:"detail"`
	// Reason is which rule of the outcome has refused.
	Reason *string `json:"reason"`
}

func (a *API) searchAudit(ctx context.Context, r call[auditQuery]) (trailBody, error) {
	in := r.Body
	q := admin.EventQuery{
		ActorID: in.Actor, TargetID: in.Target, Action: auth.Action(in.Action), Outcome: in.Outcome,
		From: parseTime(in.From), To: parseTime(in.To), Limit: pageSize(in.Limit),
	}
	if in.Email != "" {
		account := auth.KeyOfTyped(in.Email)
		q.Account = &account
	}
	if in.Cursor != "" {
		place, ok := admin.ParseEventCursor(in.Cursor)
		if !ok {
			return trailBody{}, &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{
				{Field: "cursor", Detail: "must be the next_cursor of another page"},
			}}
		}
		q.Before = &place
	}
	events, more, err := a.Admin.FindEvents(ctx, r.Bearer, q, r.Client)
	page := trailBody{Events: []eventBody{}}
	for _, e := range events {
		page.Events = append(page.Events, eventOf(e))
	}
	if more {
		last := events[len(events)-1]
		cursor := admin.EventCursor{At: last.At, ID: last.ID}.String()
		page.NextCursor = &cursor
	}
	return page, err
}

func eventOf(e auth.Event) eventBody {
	body := eventBody{
		ID: e.ID, At: e.At, Action: e.Action, Outcome: e.Outcome, Actor: orNull(e.ActorID), Target: orNull(e.TargetID),
		Address: e.Address, UserAgent: e.UserAgent, Detail: e.Detail,
		Reason: orNull(string(e.Reason)),
	}
	if e.Account != (auth.AccountKey{}) {
		body.Account = orNull(e.Account.Short())
	}
	return body
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// parseTime is nil for a time that was not given.
func parseTime(text string) *time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return &t
}
