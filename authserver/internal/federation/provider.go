// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Providers talks to the identity providers of the realm, as they are configured
// at each call. Its errors are an *Error with ProviderUnknown, StateInvalid,
// ProviderUnavailable or ProviderRefused, whose causes quote no secret.
type Providers interface {
	// AuthorizationURL is where the provider asks the user (RFC 6749, section
	// 4.1.1), and who is asked there.
	AuthorizationURL(ctx context.Context, provider string, r AuthorizationRequest) (string, Party, error)
	// Identify redeems the answer to r and says who the user is at the provider.
	// What may be another's answer than that of who was asked is refused with
	// StateInvalid, and its code is sent to nobody.
	Identify(ctx context.Context, provider string, r AuthorizationRequest, asked Party, a AuthorizationAnswer) (Identity, error)
}

// Party is a provider as it is configured and as it answers: its issuer, its
// endpoints, its callback, and which client we are there. Two that differ in
// any of it are not equal.
type Party string

// AuthorizationRequest is what ties a provider's answer to the question.
type AuthorizationRequest struct {
	// State comes back beside the code, Nonce inside the ID token.
	State, Nonce auth.Secret
	// Verifier is the secret of PKCE (RFC 7636, section 4.1).
	Verifier auth.Secret
	// RedirectURI is our callback.
	RedirectURI string
	// Reauthenticate asks a provider that can to let the user sign in there again
	// instead of recognising them.
	Reauthenticate bool
	// AskedAt is when the user was sent there; zero before they are, and where nobody knows.
	AskedAt time.Time
}

// AuthorizationAnswer is what a provider's redirect brings (RFC 6749, section 4.1.2).
type AuthorizationAnswer struct {
	Code auth.Secret `json:"code,omitempty"`
	// Issuer says who answers (RFC 9207); empty when the provider does not say.
	Issuer string `json:"issuer,omitempty"`
	// Error is the provider's refusal (RFC 6749, section 4.1.2.1).
	Error string `json:"error,omitempty"`
	// Name is what the user is called, for a provider that says so here alone.
	Name string `json:"name,omitempty"`
}

// Identity is a person, as a provider knows them. It is sealed into stored one-time
// tokens under the names in its tags.
type Identity struct {
	// Provider is its name in the realm.
	Provider string `json:"Provider"`
	// Issuer is who vouches for Subject: a provider that is pointed elsewhere must
	// not find the people of before.
	Issuer  string `json:"Issuer"`
	Subject string `json:"Subject"`
	// Email is normalised; empty when there is none that makes sense.
	Email string `json:"Email"`
	// EmailVerified is the provider's word for the address, or the realm's trust
	// in the provider.
	EmailVerified bool   `json:"EmailVerified"`
	Name          string `json:"Name"`
	// AuthTime is when the user has shown the provider who they are, zero where it does not
	// say; it is of this sign-in, and kept nowhere.
	AuthTime time.Time `json:"-"`
	// Groups is what the provider says that lists the user's groups, as JSON has it;
	// nil when it says nothing, or the realm does not ask. It is of this sign-in, and
	// kept nowhere.
	Groups any `json:"-"`
}

// findProvider is a provider's settings; it refuses with ProviderUnknown.
func findProvider(c realmconfig.Config, name string) (realmconfig.Provider, error) {
	i := slices.IndexFunc(c.Providers, func(p realmconfig.Provider) bool { return p.Name == name })
	if i < 0 {
		return realmconfig.Provider{}, auth.Refuse(auth.ProviderUnknown)
	}
	return c.Providers[i], nil
}
