// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	statePrefix   = "rks_"
	browserPrefix = "rkb_"
	noncePrefix   = "rkn_"

	// StateLifetime is how long somebody may take at the provider.
	StateLifetime = 10 * time.Minute
)

const providersPath = "/api/auth/oauth/"

// Redirect is where a browser is sent to sign in, or back to with an error in
// the query.
type Redirect struct {
	URL string
	// State comes back from the provider, Browser from the browser itself, for as
	// long as StateLifetime. Each sign-in has its own: a browser may be on its way in
	// several tabs.
	State, Browser auth.Secret
}

// Request is what a sign-in through a provider is begun with.
type Request struct {
	Provider string
	// ReturnTo is where the browser goes afterwards; empty for a client that
	// reads the callback's answer itself.
	ReturnTo string
	// Challenge is of the application's own PKCE verifier (RFC 7636, section
	// 4.2, S256); empty when it uses none.
	Challenge string
	// Reauthenticate is as in AuthorizationRequest.
	Reauthenticate bool
	// Link is the secret of a BeginLink, which says all but the provider and the
	// browser; empty for a sign-in.
	Link auth.Secret
}

// Result is how a sign-in through a provider ends.
type Result struct {
	SignIn signin.SignIn
	// ReturnTo is where the browser goes, with a one-time code or an error in
	// its query; empty when SignIn is the answer.
	ReturnTo string
}

// Begin begins a sign-in, or goes on with a BeginLink. It refuses with ProviderUnknown,
// ReturnURLRefused, StateInvalid (only a link), ProviderUnavailable or
// DatabaseUnavailable. Once it is known where the browser may return to, the Redirect
// says so even then.
func (s *Service) Begin(ctx context.Context, r Request) (Redirect, error) {
	to, err := s.checkRequest(s.Settings(), r)
	if err != nil {
		return Redirect{}, err
	}
	begun := pendingSignIn{Provider: r.Provider, ReturnTo: to, Challenge: r.Challenge, Reauthenticate: r.Reauthenticate}
	if r.Link != "" {
		if begun, err = s.redeemLink(ctx, r.Provider, r.Link); err != nil {
			return Redirect{}, err
		}
	}
	redirect, err := s.redirect(ctx, begun)
	if err != nil && begun.ReturnTo != "" {
		return Redirect{URL: withError(begun.ReturnTo, err)}, err
	}
	return redirect, err
}

// checkRequest says where to return to, in the form that was checked.
func (s *Service) checkRequest(settings realmconfig.Config, r Request) (string, error) {
	if _, err := findProvider(settings, r.Provider); err != nil {
		return "", err
	}
	if err := auth.CheckCodeChallenge(r.Challenge); err != nil {
		return "", err
	}
	if r.ReturnTo == "" {
		return "", nil
	}
	to, err := signin.CheckReturnURL(signin.ReturnURLs(settings), r.ReturnTo)
	if err != nil {
		return "", err
	}
	return to.String(), nil
}

func (s *Service) redirect(ctx context.Context, a pendingSignIn) (Redirect, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, a.Provider)
	if err != nil {
		return Redirect{}, err
	}
	secrets, err := s.newSecrets(statePrefix, noncePrefix, "", browserPrefix)
	if err != nil {
		return Redirect{}, err
	}
	state, browser := secrets[0], secrets[3]
	a.Nonce, a.Verifier, a.RedirectURI = secrets[1], secrets[2], redirectURI(settings, provider)
	to, asked, err := s.Providers.AuthorizationURL(ctx, a.Provider, a.request(state))
	if err != nil {
		return Redirect{}, err
	}
	a.Asked, a.AskedAt = asked, s.Now()
	t := auth.OneTimeToken{Hash: stateHash(state, browser), Kind: auth.FederationStateToken, UserID: a.userID()}
	err = s.keep(ctx, t, StateLifetime, sealedForState, a)
	return Redirect{URL: to, State: state, Browser: browser}, err
}

// withError is the address of an application that is told what its sign-in came to.
func withError(returnTo string, err error) string {
	returnTo = signin.WithQuery(returnTo, "error", auth.OutcomeOf(err))
	if reason := auth.ReasonOf(err); reason != "" {
		returnTo = signin.WithQuery(returnTo, "error_reason", string(reason))
	}
	return returnTo
}

func (s *Service) newSecrets(prefixes ...string) ([]auth.Secret, error) {
	secrets := []auth.Secret{}
	for _, prefix := range prefixes {
		secret, err := auth.NewOpaque(prefix, s.Random)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// Finish ends what Begin began. It refuses with StateInvalid, ProviderUnknown,
// ProviderRefused, ProviderUnavailable, IdentityRefused, IdentityUnlinked,
// TooManyAttempts, SigningUnavailable, DatabaseUnavailable, AccountDisabled or
// EmailNotVerified. The Result says where to send the browser even then, once the state
// has proved where it came from.
func (s *Service) Finish(ctx context.Context, c Callback, from auth.Client) (Result, error) {
	if err := s.Tokens.Ready(); err != nil {
		return Result{}, err
	}
	c, err := s.releaseAnswer(c)
	if err != nil {
		return Result{}, err
	}
	a, err := s.redeemState(ctx, c)
	if err != nil {
		return Result{}, err
	}
	result, err := s.conclude(context.WithoutCancel(ctx), a, c, from)
	s.Observer.Provider(a.Provider, auth.OutcomeOf(err))
	if err != nil && a.ReturnTo != "" {
		result.ReturnTo = withError(a.ReturnTo, err)
	}
	return result, err
}

// conclude turns a provider's answer into a session, a one-time code or a link.
func (s *Service) conclude(ctx context.Context, a pendingSignIn, c Callback, from auth.Client) (Result, error) {
	identity, err := s.identify(ctx, a, c)
	if err == nil && a.LinkTo != nil {
		code, err := s.holdIdentity(ctx, a, identity)
		return Result{ReturnTo: signin.WithQuery(a.ReturnTo, "code", string(code))}, err
	}
	user := auth.User{}
	if err == nil {
		user, err = s.userOf(ctx, identity, from)
	}
	if err == nil {
		err = s.Groups.Map(ctx, user, group.Statement{
			Provider: identity.Provider, Issuer: identity.Issuer, Subject: identity.Subject, Groups: identity.Groups,
		}, from)
	}
	if err != nil {
		s.recordRefusal(ctx, a, identity, from, err)
		return Result{}, err
	}
	word := a.word(identity, s.Now())
	if a.ReturnTo != "" {
		code, err := s.SignIn.IssueCode(ctx, user, "", signin.Authorization{Word: word, Challenge: a.Challenge})
		return Result{ReturnTo: signin.WithQuery(a.ReturnTo, "code", string(code))}, err
	}
	signIn, err := s.SignIn.CompleteFederated(ctx, user, word, from)
	return Result{SignIn: signIn}, err
}

func (s *Service) identify(ctx context.Context, a pendingSignIn, c Callback) (Identity, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, a.Provider)
	if err != nil {
		return Identity{}, err
	}
	if err := a.checkCallback(settings, provider, c); err != nil {
		return Identity{}, err
	}
	return s.Providers.Identify(ctx, a.Provider, a.request(c.State), a.Asked, c.Answer)
}

// recordRefusal leaves a trace of an identity that came to nothing.
func (s *Service) recordRefusal(ctx context.Context, a pendingSignIn, identity Identity, from auth.Client, err error) {
	e := s.Audit.NewRefusal(auth.ActLogin, "", "", from, err)
	e.Detail = a.Provider
	if identity.Email != "" {
		e.Account = auth.KeyOf(identity.Email)
	}
	if a.LinkTo != nil {
		e.Action, e.ActorID, e.TargetID = auth.ActLinkIdentity, a.LinkTo.UserID, a.LinkTo.UserID
	} else {
		s.Observer.Login(e.Outcome)
	}
	s.Audit.Record(ctx, e)
}
