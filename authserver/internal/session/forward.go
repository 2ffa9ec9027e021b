// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
)

// ForwardedClients says which tokens of clients a gateway lets through, besides those of
// the realm itself: those of some clients and, of these, such as are for the client
// itself or for one of some audiences; and whoever's are for the resource of one of these
// clients, if what is asked for lies there. Whoever a client shows another token to could
// show that to the gateway.
type ForwardedClients struct {
	IDs, Audiences []string
	// Address is what is asked for; empty where the gateway does not say it.
	Address string
	// Proof refuses whoever shows a token without the key that it is bound to. Nil refuses
	// every token that is bound to one.
	Proof func(ctx context.Context, t auth.ClientToken) error
}

// prove refuses with TokenInvalid, or as Proof does.
func (f ForwardedClients) prove(ctx context.Context, t auth.ClientToken) error {
	if f.Proof != nil {
		return f.Proof(ctx, t)
	}
	if t.Key != "" {
		return auth.RefuseBecause(auth.TokenInvalid, auth.TokenBound)
	}
	return nil
}

func (f ForwardedClients) takes(t auth.ClientToken, clients *client.Service) bool {
	if slices.Contains(f.IDs, t.ClientID) && (t.IsFor(t.ClientID) || t.IsFor(f.Audiences...)) {
		return true
	}
	return slices.ContainsFunc(f.IDs, func(id string) bool {
		resource, declared := clients.ResourceOf(id)
		return declared && t.IsFor(resource.Resource) && resource.Holds(f.Address)
	})
}

// Bearer is whom a gateway was shown a token of.
type Bearer struct {
	// Subject has no more than whom gateways are told of (see auth.ClientToken.UserID), and
	// how and when they have signed in, where a client shows it.
	auth.Subject
	// ClientID is the client that the token was issued to; empty for a token of the
	// realm's own.
	ClientID string
}

// VerifyFor is Verify for a gateway that lets tokens of some clients through as well.
// These have no role: it refuses them with PermissionDenied where roles are named. A
// token of any other client is refused with TokenInvalid, as everywhere.
func (s *Service) VerifyFor(ctx context.Context, access auth.Secret, roles []string, through ForwardedClients) (Bearer, error) {
	subject, err := s.Verify(ctx, access, roles)
	if len(through.IDs) == 0 || !errors.Is(err, auth.Refuse(auth.TokenInvalid)) {
		return Bearer{Subject: subject}, err
	}
	t, err := s.ClientToken(ctx, access)
	switch {
	case err != nil:
		return Bearer{}, err
	case !through.takes(t, s.Clients):
		return Bearer{}, auth.Refuse(auth.TokenInvalid)
	case len(roles) > 0:
		return Bearer{}, auth.Refuse(auth.PermissionDenied)
	}
	if err := through.prove(ctx, t); err != nil {
		return Bearer{}, err
	}
	bearer := Bearer{ClientID: t.ClientID}
	if t.OfUser() {
		bearer.UserID, bearer.AuthTime, bearer.AMR = t.UserID(), t.AuthTime, strings.Join(t.AMR, " ")
	}
	return bearer, nil
}
