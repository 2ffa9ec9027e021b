// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// agreement is what a request needs somebody in front of the browser to agree to.
type agreement struct {
	// scopes are what the client would learn and may do, in order, each once, and resources
	// where it would act in their name.
	scopes, resources []string
	// elsewhere is set where the client's tokens would also be for others than resources.
	elsewhere bool
	// consent is set where they are asked whether it may, which is remembered.
	consent bool
	// always is set where what is remembered is not enough.
	always bool
	// native is set where they are asked whether it is they who have begun, since any
	// program on their machine can say that it is this client (RFC 8252, section 8.6).
	native bool
	// silent is set where nobody may be asked.
	silent bool
}

// agreementFor says what a request needs. A client that is declared in the cluster and that
// answers reach nobody else by is one's own, and needs nothing, unless its declaration or
// its request wants people to be asked. They are told at which resources it would act for
// them: whoever lets it call one has not let it call another.
func (a authorization) agreementFor(to target, resources []string, elsewhere bool) agreement {
	native, prompted := to.client.IsNativeApp(to.redirectURI), a.prompted(promptConsent)
	return agreement{
		scopes: a.disclosed(to.client), resources: resources, elsewhere: elsewhere,
		consent: prompted || to.client.Consent == realmconfig.AskConsent,
		always:  prompted || native,
		native:  native,
		silent:  a.prompted(promptNone),
	}
}

// agreed is all of it as a consent has it, in order, each once. What a client may do, it may
// do at the resources that it was agreed to for; what it learns of the user, it knows
// everywhere.
func (g agreement) agreed() []string {
	agreed := slices.Clone(g.scopes)
	if len(g.resources) > 0 && !g.elsewhere {
		agreed = slices.DeleteFunc(agreed, func(scope string) bool { return !aboutUser(scope) })
	}
	for _, resource := range g.resources {
		agreed = append(agreed, auth.AtResource+resource)
		for _, scope := range g.scopes {
			if !aboutUser(scope) {
				agreed = append(agreed, auth.AtResource+resource+" "+scope)
			}
		}
	}
	slices.Sort(agreed)
	return slices.Compact(agreed)
}

// needed reports whether anybody must agree at all.
func (g agreement) needed() bool { return g.consent || g.always }

// disclosed are the scopes of a request, and those that claims stand for which it asks for
// by name.
func (a authorization) disclosed(client realmconfig.Client) []string {
	scopes := append([]string{}, a.scopes...)
	claims := a.claims.within(client)
	for _, scope := range userScopes() {
		of := func(claim string) bool { return slices.Contains(claimsOfScope(scope), claim) }
		if slices.ContainsFunc(claims.IDToken, of) || slices.ContainsFunc(claims.UserInfo, of) {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// covers reports whether somebody who decides on d agrees to all of this: meanwhile, the
// client may have become another one, got another name, or may ask for more. A question is
// good for as long as a journey.
func (g agreement) covers(d request.Decision, client realmconfig.Client, now time.Time) bool {
	missing := func(scope string) bool { return !slices.Contains(d.Scopes, scope) }
	unseen := func(resource string) bool { return !slices.Contains(d.Resources, resource) }
	return d.ClientSince.Equal(client.Since) && d.Application == client.DisplayName && (d.Consent || !g.consent) &&
		!slices.ContainsFunc(g.scopes, missing) && !slices.ContainsFunc(g.resources, unseen) && now.Before(d.AskedAt.Add(journeyLifetime))
}

// unasked is what the client is told that wants nobody to be asked (OpenID Connect Core
// 1.0, section 3.1.2.6).
func (g agreement) unasked() *Error {
	if g.native {
		return refuse(InteractionRequired, "Any program on the user's machine could be this client, so that the user must always be asked.")
	}
	return refuse(ConsentRequired, "The user has not agreed to this yet, and may not be asked.")
}
