// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) sessionListRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/auth/sessions", status: http.StatusOK, bearer: bearerRequired,
			summary: "The user's sessions, the last used first",
			rate:    request.RateRead,
		}, a.listSessions),
		endpoint(a, route{
			method: "DELETE", path: "/api/auth/sessions/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "End one of the user's sessions",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.NotFound, auth.Busy},
		}, a.endSession),
		endpoint(a, route{
			method: "DELETE", path: "/api/auth/sessions", status: http.StatusOK, bearer: bearerRequired,
			summary: "End every other session of the user",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.Busy},
		}, a.endOtherSessions),
	}
}

type sessionsBody struct {
	Sessions []sessionBody `json:"sessions"`
}

// sessionBody names the device by what it says of itself.
type sessionBody struct {
	ID         string    `json:"id"`
	Device     string    `json:"device"`
	Address    string    `json:"address"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current"`
}

type sessionPath struct {
	ID string `path:"id" required:"true" maxLength:"36" format:"uuid"`
}

type endedBody struct {
	Ended int `json:"ended"`
}

func (a *API) listSessions(ctx context.Context, r call[empty]) (sessionsBody, error) {
	sessions, current, err := a.Sessions.List(ctx, r.Bearer)
	body := sessionsBody{Sessions: []sessionBody{}}
	for _, s := range sessions {
		body.Sessions = append(body.Sessions, sessionBody{
			ID: s.ID, Device: s.Name(), Address: s.Client.Address,
			CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt, Current: s.ID == current,
		})
	}
	return body, err
}

func (a *API) endSession(ctx context.Context, r call[sessionPath]) (empty, error) {
	return empty{}, a.Sessions.EndOne(ctx, r.Bearer, r.Body.ID, r.Client)
}

func (a *API) endOtherSessions(ctx context.Context, r call[empty]) (endedBody, error) {
	ended, err := a.Sessions.EndOthers(ctx, r.Bearer, r.Client)
	return endedBody{Ended: ended}, err
}
