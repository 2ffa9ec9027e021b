// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) personalTokenRoutes() []route {
	const own, ofUser = "/api/user/personal-access-tokens", "/api/admin/users/{id}/personal-access-tokens"
	return []route{
		endpoint(a, route{
			method: "GET", path: own, status: http.StatusOK, bearer: bearerRequired,
			summary: "The user's personal access tokens, the newest first, without their secrets",
			rate:    request.RateRead,
		}, a.listPersonalTokens),
		endpoint(a, route{
			method: "GET", path: own + "/applications", status: http.StatusOK, bearer: bearerRequired,
			summary: "The applications for which the user may make personal access tokens, and for how long at most",
			rate:    request.RateRead,
		}, a.listTokenApplications),
		endpoint(a, route{
			method: "POST", path: own, status: http.StatusCreated, bearer: bearerRequired,
			summary: "Make a personal access token for an application, which is shown this once",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.PersonalTokenRefused, auth.TooManyPersonalTokens),
		}, a.makePersonalToken),
		endpoint(a, route{
			method: "DELETE", path: own + "/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "End a personal access token",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.NotFound},
		}, a.endPersonalToken),
		endpoint(a, route{
			method: "GET", path: ofUser, status: http.StatusOK, bearer: bearerRequired,
			summary: "A user's personal access tokens, the newest first, without their secrets",
			rate:    request.RateRead,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.personalTokensOfUser),
		endpoint(a, route{
			method: "DELETE", path: ofUser + "/{token}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "End a personal access token of a user",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.PermissionDenied, auth.NotFound},
		}, a.endPersonalTokenOfUser),
	}
}

type personalTokensBody struct {
	Tokens []personalTokenBody `json:"personal_access_tokens"`
}

// personalTokenBody has the day, in UTC, on which the token was last used; null for never.
type personalTokenBody struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	ClientID        string    `json:"client_id"`
	ApplicationName string    `json:"application_name"`
	Scope           string    `json:"scope"`
	CreatedAt       time.Time `json:"created_at"`
	ExpiresAt       time.Time `json:"expires_at"`
	LastUsedOn      *string   `json:"last_used_on"`
}

func personalTokenOf(t personaltoken.Listed) personalTokenBody {
	body := personalTokenBody{
		ID: t.ID, Name: t.Name, ClientID: t.ClientID, ApplicationName: t.Application, Scope: strings.Join(t.Scopes, " "),
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
	}
	if t.LastUsedOn != nil {
		day := t.LastUsedOn.Format(time.DateOnly)
		body.LastUsedOn = &day
	}
	return body
}

func personalTokensOf(list []personaltoken.Listed) personalTokensBody {
	body := personalTokensBody{Tokens: []personalTokenBody{}}
	for _, t := range list {
		body.Tokens = append(body.Tokens, personalTokenOf(t))
	}
	return body
}

func (a *API) listPersonalTokens(ctx context.Context, r call[empty]) (personalTokensBody, error) {
	list, err := a.PersonalTokens.List(ctx, r.Bearer)
	return personalTokensOf(list), err
}

// tokenApplicationsBody has no applications where the realm has no such tokens. The lifetime
// is in seconds.
type tokenApplicationsBody struct {
	Applications []tokenApplicationBody `json:"applications"`
	MaxExpiresIn int64                  `json:"max_expires_in"`
}

type tokenApplicationBody struct {
	ClientID string `json:"client_id"`
	Name     string `json:"name"`
	// Scope has all that a token may have.
	Scope string `json:"scope"`
}

func (a *API) listTokenApplications(ctx context.Context, r call[empty]) (tokenApplicationsBody, error) {
	list, longest, err := a.PersonalTokens.Applications(ctx, r.Bearer)
	return tokenApplicationsOf(list, longest), err
}

func tokenApplicationsOf(list []personaltoken.Application, longest time.Duration) tokenApplicationsBody {
	body := tokenApplicationsBody{Applications: []tokenApplicationBody{}, MaxExpiresIn: seconds(longest)}
	for _, one := range list {
		body.Applications = append(body.Applications, tokenApplicationBody{one.ClientID, one.Name, strings.Join(one.Scopes, " ")})
	}
	return body
}

type newPersonalTokenBody struct {
	Name string `json:"name" required:"true" maxLength:"200" format:"name"`
	// A namespace, a dot, and a name.
	ClientID string `json:"client_id" required:"true" maxLength:"317"`
	// Scope is as in RFC 6749, section 3.3; empty for none.
	Scope     string `json:"scope" maxLength:"8192"`
	ExpiresIn int    `json:"expires_in" required:"true" minimum:"60" maximum:"31622400"`

	proofBody
}

// madePersonalTokenBody is the only answer that has the token itself.
type madePersonalTokenBody struct {
	Token string `json:"token"`
	personalTokenBody
}

func (a *API) makePersonalToken(ctx context.Context, r call[newPersonalTokenBody]) (madePersonalTokenBody, error) {
	made, secret, err := a.PersonalTokens.Make(ctx, r.Bearer, personaltoken.New{
		Name: r.Body.Name, ClientID: r.Body.ClientID, Scopes: strings.Fields(r.Body.Scope), Lifetime: time.Duration(r.Body.ExpiresIn) * time.Second,
	}, r.Body.proof(), r.Client)
	return madePersonalTokenBody{string(secret), personalTokenOf(made)}, err
}

type ownPersonalTokenPath struct {
	ID string `path:"id" maxLength:"36" format:"uuid"`
}

func (a *API) endPersonalToken(ctx context.Context, r call[ownPersonalTokenPath]) (empty, error) {
	return empty{}, a.PersonalTokens.End(ctx, r.Bearer, r.Body.ID, r.Client)
}

func (a *API) personalTokensOfUser(ctx context.Context, r call[userPath]) (personalTokensBody, error) {
	list, err := a.PersonalTokens.ListOf(ctx, r.Bearer, r.Body.ID, r.Client)
	return personalTokensOf(list), err
}

type personalTokenPath struct {
	UserID string `path:"id" maxLength:"36" format:"uuid"`
	ID     string `path:"token" maxLength:"36" format:"uuid"`
}

func (a *API) endPersonalTokenOfUser(ctx context.Context, r call[personalTokenPath]) (empty, error) {
	return empty{}, a.PersonalTokens.EndOf(ctx, r.Bearer, r.Body.UserID, r.Body.ID, r.Client)
}
