// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) administrationRoutes() []route {
	const users, user = "/api/admin/users", "/api/admin/users/{id}"
	return []route{
		endpoint(a, route{
			method: "GET", path: users, status: http.StatusOK, bearer: bearerRequired,
			summary: "Search the realm's users, the newest first",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.Busy},
		}, a.findUsers),
		endpoint(a, route{
			method: "POST", path: users, status: http.StatusCreated, bearer: bearerRequired,
			summary: "Create a user with a password, or invite one by mail",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.EmailTaken, auth.PasswordRejected, auth.EmailUnavailable),
		}, a.createUser),
		endpoint(a, route{
			method: "GET", path: user, status: http.StatusOK, bearer: bearerRequired,
			summary: "A user and how they stand",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound, auth.Busy},
		}, a.getUser),
		endpoint(a, route{
			method: "PATCH", path: user, status: http.StatusOK, bearer: bearerRequired,
			summary: "Change a user's role or name, disable or enable a user",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.LastAdmin),
		}, a.changeUser),
		endpoint(a, route{
			method: "DELETE", path: user, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Delete a user and all that is theirs",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.LastAdmin),
		}, a.deleteUser),
		endpoint(a, route{
			method: "DELETE", path: user + "/sessions", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Log a user out everywhere",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound, auth.Busy},
		}, a.endSessionsOfUser),
		endpoint(a, route{
			method: "POST", path: user + "/unlock", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Let a locked account be tried again",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound),
		}, a.unlockUser),
	}
}

type userQuery struct {
	Text   string `query:"q" maxLength:"254"`
	Role   string `query:"role" maxLength:"32" format:"role"`
	Status string `query:"status" maxLength:"16" enum:"active,disabled,unverified,locked"`
	Limit  *int   `query:"limit" minimum:"1" maximum:"200"`
	Cursor string `query:"cursor" maxLength:"36" format:"uuid"`
}

// A page has next_cursor when there are more behind it.
type usersBody struct {
	Users      []userBody `json:"users"`
	NextCursor *string    `json:"next_cursor"`
}

type userBody struct {
	ID            string     `json:"id"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"email_verified"`
	Name          string     `json:"name"`
	Locale        string     `json:"locale"`
	Role          string     `json:"role"`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at"`
	DisabledAt    *time.Time `json:"disabled_at"`
}

func userOf(u auth.User) userBody {
	return userBody{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Name: u.Name, Locale: u.Locale, Role: u.Role,
		CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt, DisabledAt: u.DisabledAt,
	}
}

const defaultPageSize = 50

func pageSize(limit *int) int {
	if limit == nil {
		return defaultPageSize
	}
	return *limit
}

func (a *API) findUsers(ctx context.Context, r call[userQuery]) (usersBody, error) {
	q := r.Body
	users, more, err := a.Admin.FindUsers(ctx, r.Bearer, admin.UserQuery{
		Text: q.Text, Role: q.Role, Status: admin.Status(q.Status), Before: q.Cursor, Limit: pageSize(q.Limit),
	}, r.Client)
	page := usersBody{Users: []userBody{}}
	for _, u := range users {
		page.Users = append(page.Users, userOf(u))
	}
	if more {
		page.NextCursor = &users[len(users)-1].ID
	}
	return page, err
}

type newUserBody struct {
	Email    string      `json:"email" required:"true" maxLength:"254" format:"email"`
	Password auth.Secret `json:"password" maxLength:"4096"`
	Name     string      `json:"name" maxLength:"200" format:"name"`
	Locale   string      `json:"locale" maxLength:"35" format:"locale"`
	Role     string      `json:"role" maxLength:"32" format:"role"`

	// OwnPassword, Code, Ceremony and Credential are the admin's proof; Password is the new user's.
	OwnPassword auth.Secret `json:"current_password" maxLength:"4096"`
	Code        auth.Secret `json:"code" maxLength:"64"`
	passkeyProofBody
}

func (a *API) createUser(ctx context.Context, r call[newUserBody]) (userBody, error) {
	u, err := a.Admin.CreateUser(ctx, r.Bearer, admin.NewUser{
		Email: r.Body.Email, Password: r.Body.Password, Name: r.Body.Name, Locale: r.Body.Locale, Role: r.Body.Role,
	}, signin.Proof{Password: r.Body.OwnPassword, Code: r.Body.Code, Passkey: r.Body.answer()}, r.Client)
	return userOf(u), err
}

type userPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
}

// standingBody is a user with what only the page of one user shows.
type standingBody struct {
	userBody
	Sessions        int           `json:"sessions"`
	LockedUntil     *time.Time    `json:"locked_until"`
	SecondFactors   []auth.Method `json:"second_factors"`
	BackupCodesLeft int           `json:"backup_codes_left"`
	// Recovery is one that waits, or that is ready.
	Recovery *recoveryBody `json:"recovery"`
}

func (a *API) getUser(ctx context.Context, r call[userPath]) (standingBody, error) {
	u, s, err := a.Admin.User(ctx, r.Bearer, r.Body.ID, r.Client)
	return standingBody{
		userBody: userOf(u), Sessions: s.Sessions, LockedUntil: s.LockedUntil,
		SecondFactors: append([]auth.Method{}, s.Factors...), BackupCodesLeft: s.BackupCodes, Recovery: recoveryOf(s.Recovery),
	}, err
}

type userChangeBody struct {
	ID       string  `path:"id" maxLength:"36" format:"uuid"`
	Role     *string `json:"role" maxLength:"32" format:"role"`
	Name     *string `json:"name" maxLength:"200" format:"name"`
	Disabled *bool   `json:"disabled"`

	proofBody
}

func (a *API) changeUser(ctx context.Context, r call[userChangeBody]) (userBody, error) {
	u, err := a.Admin.ChangeUser(ctx, r.Bearer, r.Body.ID, admin.UserChange{
		Role: r.Body.Role, Name: r.Body.Name, Disabled: r.Body.Disabled,
	}, r.Body.proof(), r.Client)
	return userOf(u), err
}

// provenUserPath is userPath with an admin's proof.
type provenUserPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) deleteUser(ctx context.Context, r call[provenUserPath]) (empty, error) {
	return empty{}, a.Admin.DeleteUser(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}

func (a *API) endSessionsOfUser(ctx context.Context, r call[userPath]) (empty, error) {
	return empty{}, a.Admin.EndSessionsOfUser(ctx, r.Bearer, r.Body.ID, r.Client)
}

func (a *API) unlockUser(ctx context.Context, r call[provenUserPath]) (empty, error) {
	return empty{}, a.Admin.UnlockUser(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
