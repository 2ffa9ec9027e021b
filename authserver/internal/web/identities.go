// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) identityPages() []page {
	return []page{
		{"POST /account/identities", request.RateFederation, w.requireProof(w.beginLink)},
		{"GET " + signin.LinkReturnPath, request.RateFederation, w.finishLink},
		{"POST /account/identities/{id}/unlink", request.RateCode, w.requireProof(w.unlinkIdentity)},
	}
}

// linkedIdentity is a way in through a provider, which may be gone from the realm.
type linkedIdentity struct {
	federation.LinkedIdentity
	DisplayName string
}

// linkedAndLinkable parts the providers that somebody is known at from the others.
func (w *Web) linkedAndLinkable(identities []federation.LinkedIdentity) ([]linkedIdentity, []provider) {
	ways, others := []linkedIdentity{}, w.providers()
	for _, i := range identities {
		way := linkedIdentity{i, i.Identity.Provider}
		others = slices.DeleteFunc(others, func(p provider) bool {
			if p.Name != i.Identity.Provider {
				return false
			}
			way.DisplayName = p.DisplayName
			return true
		})
		ways = append(ways, way)
	}
	return ways, others
}

// externalRedirect sends a browser to another site. A form must not end up there
// (see setSecurityHeaders), a link may.
type externalRedirect struct{ DisplayName, Address string }

func (w *Web) beginLink(req *pageRequest) (*response, error) {
	to, known := externalRedirect{}, w.providers()
	i := slices.IndexFunc(known, func(p provider) bool { return p.Name == req.field("provider", 128) })
	if i < 0 {
		return w.refusedChange(req, "identities", &auth.Error{Code: auth.ProviderUnknown})
	}
	chosen := known[i]
	flow, challenge := req.keepVerifier()
	a, err := w.change(req, "identities", func(access auth.Secret) error {
		address, err := w.Federation.BeginLink(req.r.Context(), access, federation.Request{
			Provider: chosen.Name, ReturnTo: w.ownURL(signin.LinkReturnPath, url.Values{"flow": {flow}}), Challenge: challenge,
		}, signin.Proof{}, req.client)
		to = externalRedirect{chosen.DisplayName, string(address)}
		return err
	})
	if err != nil || a.location == "" {
		return a, err
	}
	req.w.Header().Set("Refresh", "0; url="+to.Address)
	return show("away", to)
}

// finishLink ends what beginLink began.
func (w *Web) finishLink(req *pageRequest) (*response, error) {
	query, verifier := req.r.URL.Query(), req.takeVerifier()
	return w.change(req, "identities", func(access auth.Secret) error {
		if query.Get("error") != "" {
			return providerRefusal(query)
		}
		var err error = &auth.Error{Code: auth.AuthorizationCodeInvalid}
		if verifier != "" {
			err = w.Federation.FinishLink(req.r.Context(), access, auth.Secret(query.Get("code")), verifier, req.client)
		}
		if e, ok := refusal(err); ok && e.Code == auth.AuthorizationCodeInvalid {
			return &auth.Error{Code: auth.StateInvalid}
		}
		return err
	})
}

func (w *Web) unlinkIdentity(req *pageRequest) (*response, error) {
	return w.change(req, "identities", func(access auth.Secret) error {
		return w.Federation.UnlinkIdentity(req.r.Context(), access, req.r.PathValue("id"), signin.Proof{}, req.client)
	})
}
