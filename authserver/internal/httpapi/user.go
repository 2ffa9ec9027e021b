// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"
)

func (a *API) userRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/user/profile", status: http.StatusOK, bearer: bearerRequired,
			summary: "The user an access token speaks for",
		}, a.profile),
	}
}

type profileBody struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Role        string     `json:"role"`
	CreatedAt   time.Time  `json:"created_at"`
	LastLoginAt *time.Time `json:"last_login_at"`
}

func (a *API) profile(ctx context.Context, r request[nothing]) (profileBody, error) {
	u, err := a.Auth.Profile(ctx, r.Bearer)
	if err != nil {
		return profileBody{}, err
	}
	return profileBody{ID: u.ID, Email: u.Email, Role: u.Role, CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt}, nil
}
