// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
)

const (
	serviceAccountsPath = "/api/admin/service-accounts"
	serviceAccountPath  = serviceAccountsPath + "/{id}"
)

func (a *API) serviceAccountRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: serviceAccountsPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "The realm's service accounts, sorted by name",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied},
		}, a.listServiceAccounts),
		endpoint(a, route{
			method: "POST", path: serviceAccountsPath, status: http.StatusCreated, bearer: bearerRequired,
			summary: "Create a service account, to which nothing is open yet",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.ServiceAccountExists, auth.TooManyServiceAccounts},
		}, a.createServiceAccount),
		endpoint(a, route{
			method: "GET", path: serviceAccountPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "A service account",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.getServiceAccount),
		endpoint(a, route{
			method: "PATCH", path: serviceAccountPath, status: http.StatusOK, bearer: bearerRequired,
			summary: "Describe, disable or enable a service account; its tokens end when it is disabled or enabled",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound),
		}, a.changeServiceAccount),
		endpoint(a, route{
			method: "DELETE", path: serviceAccountPath, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Delete a service account and all of its tokens",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound),
		}, a.deleteServiceAccount),
	}
}

// A page's cursor is the name of its last service account.
type serviceAccountQuery struct {
	Limit  *int   `query:"limit" minimum:"1" maximum:"200"`
	Cursor string `query:"cursor" maxLength:"63"`
}

type serviceAccountsBody struct {
	ServiceAccounts []serviceAccountBody `json:"service_accounts"`
	NextCursor      *string              `json:"next_cursor"`
}

// serviceAccountBody has in Username what clients are told, and in CreatedBy the id of the
// administrator who made it.
type serviceAccountBody struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Username    string    `json:"username"`
	Description string    `json:"description"`
	Disabled    bool      `json:"disabled"`
	CreatedAt   time.Time `json:"created_at"`
	CreatedBy   string    `json:"created_by"`
}

func serviceAccountOf(a auth.ServiceAccount) serviceAccountBody {
	return serviceAccountBody{
		ID: a.ID, Name: a.Name, Username: a.Username(), Description: a.Description, Disabled: a.DisabledAt != nil,
		CreatedAt: a.CreatedAt, CreatedBy: a.CreatedBy,
	}
}

func serviceAccountsOf(list []auth.ServiceAccount, more bool) serviceAccountsBody {
	page := serviceAccountsBody{ServiceAccounts: []serviceAccountBody{}}
	for _, one := range list {
		page.ServiceAccounts = append(page.ServiceAccounts, serviceAccountOf(one))
	}
	if more {
		page.NextCursor = &list[len(list)-1].Name
	}
	return page
}

func (a *API) listServiceAccounts(ctx context.Context, r call[serviceAccountQuery]) (serviceAccountsBody, error) {
	list, more, err := a.ServiceAccounts.List(ctx, r.Bearer, r.Body.Cursor, pageSize(r.Body.Limit), r.Client)
	return serviceAccountsOf(list, more), err
}

type newServiceAccountBody struct {
	Name        string `json:"name" required:"true" maxLength:"63"`
	Description string `json:"description" maxLength:"1000" format:"name"`
}

func (a *API) createServiceAccount(ctx context.Context, r call[newServiceAccountBody]) (serviceAccountBody, error) {
	made, err := a.ServiceAccounts.Create(ctx, r.Bearer, r.Body.Name, r.Body.Description, r.Client)
	return serviceAccountOf(made), err
}

type serviceAccountIDPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
}

func (a *API) getServiceAccount(ctx context.Context, r call[serviceAccountIDPath]) (serviceAccountBody, error) {
	one, err := a.ServiceAccounts.Get(ctx, r.Bearer, r.Body.ID, r.Client)
	return serviceAccountOf(one), err
}

type serviceAccountChangeBody struct {
	ID          string  `path:"id" maxLength:"36" format:"uuid"`
	Description *string `json:"description" maxLength:"1000" format:"name"`
	Disabled    *bool   `json:"disabled"`
	proofBody
}

func (a *API) changeServiceAccount(ctx context.Context, r call[serviceAccountChangeBody]) (serviceAccountBody, error) {
	change := serviceaccount.Change{Description: r.Body.Description, Disabled: r.Body.Disabled}
	changed, err := a.ServiceAccounts.Change(ctx, r.Bearer, r.Body.ID, change, r.Body.proof(), r.Client)
	return serviceAccountOf(changed), err
}

type provenServiceAccountPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) deleteServiceAccount(ctx context.Context, r call[provenServiceAccountPath]) (empty, error) {
	return empty{}, a.ServiceAccounts.Delete(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
