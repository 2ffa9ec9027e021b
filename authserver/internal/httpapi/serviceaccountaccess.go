// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// serviceAccountAccessRoutes are what a service account may do: its groups and its tokens.
func (a *API) serviceAccountAccessRoutes() []route {
	const groups, tokens = serviceAccountPath + "/groups", serviceAccountPath + "/tokens"
	return []route{
		endpoint(a, route{
			method: "GET", path: groups, status: http.StatusOK, bearer: bearerRequired,
			summary: "The groups that a service account is in, sorted by name",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound, auth.Busy},
		}, a.groupsOfServiceAccount),
		endpoint(a, route{
			method: "POST", path: groups, status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Put a service account into a group",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.TooManyGroups),
		}, a.joinServiceAccount),
		endpoint(a, route{
			method: "DELETE", path: groups + "/{group}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Take a service account out of a group",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.leaveServiceAccount),
		endpoint(a, route{
			method: "GET", path: groupPath + "/service-accounts", status: http.StatusOK, bearer: bearerRequired,
			summary: "The service accounts in a group, sorted by name",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.serviceAccountsIn),
		endpoint(a, route{
			method: "GET", path: tokens, status: http.StatusOK, bearer: bearerRequired,
			summary: "A service account's access tokens, the newest first, without their secrets",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.tokensOfServiceAccount),
		endpoint(a, route{
			method: "GET", path: tokens + "/applications", status: http.StatusOK, bearer: bearerRequired,
			summary: "The applications for which a service account may have access tokens, and for how long at most",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.applicationsOfServiceAccount),
		endpoint(a, route{
			method: "POST", path: tokens, status: http.StatusCreated, bearer: bearerRequired,
			summary: "Make an access token of a service account for an application, which is shown this once",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PermissionDenied, auth.NotFound, auth.PersonalTokenRefused, auth.TooManyPersonalTokens, auth.ServiceAccountDisabled),
		}, a.makeTokenOfServiceAccount),
		endpoint(a, route{
			method: "DELETE", path: tokens + "/{token}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "End an access token of a service account",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.endTokenOfServiceAccount),
	}
}

type joinedGroupsBody struct {
	Groups []joinedGroupBody `json:"groups"`
}

type joinedGroupBody struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	AddedAt *time.Time `json:"added_at"`
}

func joinedGroupsOf(list []group.Membership) joinedGroupsBody {
	body := joinedGroupsBody{Groups: []joinedGroupBody{}}
	for _, m := range list {
		body.Groups = append(body.Groups, joinedGroupBody{m.Group.ID, m.Group.Name, m.AddedAt})
	}
	return body
}

func (a *API) groupsOfServiceAccount(ctx context.Context, r call[serviceAccountIDPath]) (joinedGroupsBody, error) {
	list, err := a.ServiceAccounts.Groups(ctx, r.Bearer, r.Body.ID, r.Client)
	return joinedGroupsOf(list), err
}

type joinGroupBody struct {
	ID      string `path:"id" maxLength:"36" format:"uuid"`
	GroupID string `json:"group_id" required:"true" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) joinServiceAccount(ctx context.Context, r call[joinGroupBody]) (empty, error) {
	return empty{}, a.ServiceAccounts.Join(ctx, r.Bearer, r.Body.ID, r.Body.GroupID, r.Body.proof(), r.Client)
}

type joinedGroupPath struct {
	ID      string `path:"id" maxLength:"36" format:"uuid"`
	GroupID string `path:"group" maxLength:"36" format:"uuid"`
}

func (a *API) leaveServiceAccount(ctx context.Context, r call[joinedGroupPath]) (empty, error) {
	return empty{}, a.ServiceAccounts.Leave(ctx, r.Bearer, r.Body.ID, r.Body.GroupID, r.Client)
}

type serviceAccountsInQuery struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
	serviceAccountQuery
}

func (a *API) serviceAccountsIn(ctx context.Context, r call[serviceAccountsInQuery]) (serviceAccountsBody, error) {
	list, more, err := a.ServiceAccounts.In(ctx, r.Bearer, r.Body.ID, r.Body.Cursor, pageSize(r.Body.Limit), r.Client)
	return serviceAccountsOf(list, more), err
}

type accountTokensBody struct {
	Tokens []accountTokenBody `json:"tokens"`
}

// accountTokenBody has in MadeBy the id of the administrator who made the token.
type accountTokenBody struct {
	personalTokenBody
	MadeBy string `json:"made_by"`
}

func accountTokenOf(t personaltoken.Listed) accountTokenBody {
	return accountTokenBody{personalTokenOf(t), t.MadeBy}
}

func (a *API) tokensOfServiceAccount(ctx context.Context, r call[serviceAccountIDPath]) (accountTokensBody, error) {
	list, err := a.PersonalTokens.ListFor(ctx, r.Bearer, r.Body.ID, r.Client)
	body := accountTokensBody{Tokens: []accountTokenBody{}}
	for _, t := range list {
		body.Tokens = append(body.Tokens, accountTokenOf(t))
	}
	return body, err
}

func (a *API) applicationsOfServiceAccount(ctx context.Context, r call[serviceAccountIDPath]) (tokenApplicationsBody, error) {
	list, longest, err := a.PersonalTokens.ApplicationsFor(ctx, r.Bearer, r.Body.ID, r.Client)
	return tokenApplicationsOf(list, longest), err
}

type newAccountTokenBody struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
	newPersonalTokenBody
}

// madeAccountTokenBody is the only answer that has the token itself.
type madeAccountTokenBody struct {
	Token string `json:"token"`
	accountTokenBody
}

func (a *API) makeTokenOfServiceAccount(ctx context.Context, r call[newAccountTokenBody]) (madeAccountTokenBody, error) {
	made, secret, err := a.PersonalTokens.MakeFor(ctx, r.Bearer, r.Body.ID, personaltoken.New{
		Name: r.Body.Name, ClientID: r.Body.ClientID, Scopes: strings.Fields(r.Body.Scope), Lifetime: time.Duration(r.Body.ExpiresIn) * time.Second,
	}, r.Body.proof(), r.Client)
	return madeAccountTokenBody{string(secret), accountTokenOf(made)}, err
}

type accountTokenPath struct {
	ID      string `path:"id" maxLength:"36" format:"uuid"`
	TokenID string `path:"token" maxLength:"36" format:"uuid"`
}

func (a *API) endTokenOfServiceAccount(ctx context.Context, r call[accountTokenPath]) (empty, error) {
	return empty{}, a.PersonalTokens.EndFor(ctx, r.Bearer, r.Body.ID, r.Body.TokenID, r.Client)
}
