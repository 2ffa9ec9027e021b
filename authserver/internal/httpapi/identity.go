// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (a *API) identityRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/user/identities", status: http.StatusOK, bearer: bearerRequired,
			summary: "The identities that the user may sign in with",
			rate:    request.RateRead,
		}, a.identities),
		endpoint(a, route{
			method: "POST", path: "/api/user/identities/{id}", status: http.StatusOK, bearer: bearerRequired, rate: request.RateFederation,
			summary: "Begin to link an identity: send the browser to the address in the answer",
			refuses: append(proofRefusals(), auth.ProviderUnknown, auth.ReturnURLRefused),
		}, a.beginLink),
		endpoint(a, route{
			method: "POST", path: "/api/user/identities", status: http.StatusNoContent, bearer: bearerRequired, rate: request.RateFederation,
			summary: "Link the identity that the browser brought a code back for",
			refuses: []auth.Code{auth.AuthorizationCodeInvalid, auth.ProviderUnknown, auth.IdentityTaken},
		}, a.finishLink),
		endpoint(a, route{
			method: "DELETE", path: "/api/user/identities/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Remove an identity",
			rate:    request.RateCode,
			refuses: append(proofRefusals(), auth.NotFound, auth.LastIdentity),
		}, a.unlinkIdentity),
	}
}

type identitiesBody struct {
	Identities []identityBody `json:"identities"`
}

type identityBody struct {
	ID         string    `json:"id"`
	Provider   string    `json:"provider"`
	Email      string    `json:"email"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
}

func (a *API) identities(ctx context.Context, r call[empty]) (identitiesBody, error) {
	list, err := a.Federation.Identities(ctx, r.Bearer)
	body := identitiesBody{Identities: []identityBody{}}
	for _, i := range list {
		body.Identities = append(body.Identities, identityBody{
			ID: i.ID, Provider: i.Identity.Provider, Email: i.Identity.Email, CreatedAt: i.CreatedAt, LastUsedAt: i.LastUsedAt,
		})
	}
	return body, err
}

type beginLinkBody struct {
	// Provider is called id, as OpenAPI cannot tell paths apart by the names in them.
	Provider  string `path:"id" required:"true" maxLength:"128"`
	ReturnTo  string `json:"return_to" required:"true" maxLength:"2048"`
	Challenge string `json:"code_challenge" maxLength:"43"`

	proofBody
}

type departureBody struct {
	AuthorizationURL string `json:"authorization_url"`
}

func (a *API) beginLink(ctx context.Context, r call[beginLinkBody]) (departureBody, error) {
	address, err := a.Federation.BeginLink(ctx, r.Bearer, federation.Request{
		Provider: r.Body.Provider, ReturnTo: r.Body.ReturnTo, Challenge: r.Body.Challenge,
	}, r.Body.proof(), r.Client)
	return departureBody{string(address)}, err
}

func (a *API) finishLink(ctx context.Context, r call[oauthCodeBody]) (empty, error) {
	return empty{}, a.Federation.FinishLink(ctx, r.Bearer, r.Body.Code, r.Body.Verifier, r.Client)
}

type identityPath struct {
	ID string `path:"id" required:"true" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) unlinkIdentity(ctx context.Context, r call[identityPath]) (empty, error) {
	return empty{}, a.Federation.UnlinkIdentity(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
