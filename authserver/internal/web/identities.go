// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// linked is a way in through a provider, which may be gone from the realm.
type linked struct {
	auth.LinkedIdentity
	DisplayName string
}

// waysIn tells the providers that somebody is known at from the others.
func (w *Web) waysIn(identities []auth.LinkedIdentity) ([]linked, []provider) {
	ways, others := []linked{}, w.providers()
	for _, i := range identities {
		way := linked{i, i.Identity.Provider}
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

// away sends a browser to another site. A form must not end up there (see
// secure), a link may.
type away struct{ DisplayName, Address string }

func (w *Web) linkIdentity(v *visit) (*answer, error) {
	to, verifier, known := away{}, oauth2.GenerateVerifier(), w.providers()
	i := slices.IndexFunc(known, func(p provider) bool { return p.Name == v.field("provider", 128) })
	if i < 0 {
		return w.refusedChange(v, "identities", &auth.Error{Code: auth.ProviderUnknown})
	}
	chosen := known[i]
	a, err := w.change(v, "identities", func(access auth.Secret) error {
		address, err := w.Auth.BeginLink(v.r.Context(), access, auth.Journey{
			Provider: chosen.Name, ReturnTo: strings.TrimSuffix(w.Settings().Issuer, "/") + auth.LinkReturnPath,
			Challenge: oauth2.S256ChallengeFromVerifier(verifier),
		}, auth.Proof{}, v.client)
		to = away{chosen.DisplayName, string(address)}
		return err
	})
	if err != nil || a.location == "" {
		return a, err
	}
	setCookie(v.w, verifierCookie, verifier, time.Hour)
	v.w.Header().Set("Refresh", "0; url="+to.Address)
	return show("away", to)
}

// linkReturned ends what linkIdentity began.
func (w *Web) linkReturned(v *visit) (*answer, error) {
	query, verifier := v.r.URL.Query(), cookie(v.r, verifierCookie)
	dropCookie(v.w, verifierCookie)
	return w.change(v, "identities", func(access auth.Secret) error {
		if refused := query.Get("error"); refused != "" {
			return returnedRefusal(refused)
		}
		err := error(&auth.Error{Code: auth.OAuthCodeInvalid})
		if verifier != "" {
			err = w.Auth.FinishLink(v.r.Context(), access, auth.Secret(query.Get("code")), verifier, v.client)
		}
		if e, ok := refusal(err); ok && e.Code == auth.OAuthCodeInvalid {
			return &auth.Error{Code: auth.StateInvalid}
		}
		return err
	})
}

func (w *Web) unlinkIdentity(v *visit) (*answer, error) {
	return w.change(v, "identities", func(access auth.Secret) error {
		return w.Auth.UnlinkIdentity(v.r.Context(), access, v.r.PathValue("id"), auth.Proof{}, v.client)
	})
}
