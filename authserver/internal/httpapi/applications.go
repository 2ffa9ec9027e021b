// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) applicationRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/auth/applications", status: http.StatusOK, bearer: bearerRequired,
			summary: "The applications that the user has agreed to, and those that go on without a browser",
			rate:    request.RateRead,
		}, a.listApplications),
		endpoint(a, route{
			method: "DELETE", path: "/api/auth/applications/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Take back what the user has agreed to of an application, and end everything that it was granted",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.NotFound},
		}, a.revokeApplication),
	}
}

type applicationsBody struct {
	Applications []applicationBody `json:"applications"`
}

// applicationBody has the client's id and what people call it.
type applicationBody struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	// Resources are the URLs at which it may act for the user.
	Resources []string  `json:"resources"`
	Since     time.Time `json:"since"`
	// Sessions are ids among those of the user's sessions.
	Sessions []string `json:"sessions"`
}

type applicationPath struct {
	// A namespace, a dot, and a name.
	ID string `path:"id" required:"true" maxLength:"317"`
}

func (a *API) listApplications(ctx context.Context, r call[empty]) (applicationsBody, error) {
	list, err := a.Grants.Applications(ctx, r.Bearer)
	body := applicationsBody{Applications: []applicationBody{}}
	for _, one := range list {
		sessions := []string{}
		for _, s := range one.Sessions {
			sessions = append(sessions, s.ID)
		}
		scopes, resources := auth.PartAgreed(one.Scopes)
		body.Applications = append(body.Applications, applicationBody{
			ID: one.ClientID, Name: one.Name, Scopes: scopes, Resources: resources, Since: one.Since, Sessions: sessions,
		})
	}
	return body, err
}

func (a *API) revokeApplication(ctx context.Context, r call[applicationPath]) (empty, error) {
	return empty{}, a.Grants.Revoke(ctx, r.Bearer, r.Body.ID, r.Client)
}
