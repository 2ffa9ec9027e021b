// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	statePrefix   = "rks_"
	browserPrefix = "rkb_"
	noncePrefix   = "rkn_"

	// journeyLifetime is how long somebody may take at the provider.
	journeyLifetime = 10 * time.Minute
)

const oauthPath = "/api/auth/oauth/"

// Departure is where a browser is sent to sign in, or back to with an error in
// the query.
type Departure struct {
	URL string
	// Browser is the secret that the browser must bring back, as a cookie, for
	// as long as Lifetime.
	Browser  Secret
	Lifetime time.Duration
}

// Journey is what a sign-in through a provider is begun with.
type Journey struct {
	Provider string
	// ReturnTo is where the browser goes afterwards; empty for a client that
	// reads the callback's answer itself.
	ReturnTo string
	// Challenge is of the application's own PKCE verifier (RFC 7636, section
	// 4.2, S256); empty when it uses none.
	Challenge string
	// Reauthenticate is as in AuthorizationRequest.
	Reauthenticate bool
	// Browser is the secret that the browser has already; empty when it has none.
	Browser Secret
	// Link is the secret of a BeginLink, which says all but the provider and the
	// browser; empty for a sign-in.
	Link Secret
}

// Arrival is how a sign-in through a provider ends.
type Arrival struct {
	SignIn SignIn
	// ReturnTo is where the browser goes, with a one-time code or an error in
	// its query; empty when SignIn is the answer.
	ReturnTo string
}

// journey is a Journey between its beginning and its end. It waits in a ticket.
type journey struct {
	Provider string `json:"provider"`
	// RedirectURI is where the answer must come to, Asked who must give it.
	RedirectURI string `json:"redirectURI,omitempty"`
	Asked       Party  `json:"asked,omitempty"`

	Nonce     Secret `json:"nonce"`
	Verifier  Secret `json:"verifier"`
	ReturnTo  string `json:"returnTo,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	// Reauthenticate is as in Journey.
	Reauthenticate bool `json:"reauthenticate,omitempty"`
	// LinkTo is who asked for the identity; nil for a sign-in.
	LinkTo *Subject `json:"linkTo,omitempty"`
}

// sealedForJourney is the purpose under which journeys are sealed.
const sealedForJourney = "oauth journey"

// BeginOAuth begins a sign-in, or goes on with a BeginLink. It refuses with
// ProviderUnknown, ReturnURLRefused, StateInvalid (only a link),
// ProviderUnavailable or DatabaseUnavailable. Once it is known where the browser
// may return to, the Departure says so even then.
func (s *Service) BeginOAuth(ctx context.Context, j Journey) (Departure, error) {
	to, err := s.checkJourney(s.Settings(), j)
	if err != nil {
		return Departure{}, err
	}
	begun := journey{Provider: j.Provider, ReturnTo: to, Challenge: j.Challenge, Reauthenticate: j.Reauthenticate}
	if j.Link != "" {
		if begun, err = s.redeemLink(ctx, j.Provider, j.Link); err != nil {
			return Departure{}, err
		}
	}
	departure, err := s.depart(ctx, begun, j.Browser)
	if err != nil && begun.ReturnTo != "" {
		return Departure{URL: withQuery(begun.ReturnTo, "error", outcomeOf(err))}, err
	}
	return departure, err
}

// checkJourney says where to return to, in the form that was checked.
func (s *Service) checkJourney(settings realmconfig.Config, j Journey) (string, error) {
	if _, err := findProvider(settings, j.Provider); err != nil {
		return "", err
	}
	if err := checkChallenge(j.Challenge); err != nil {
		return "", err
	}
	if j.ReturnTo == "" {
		return "", nil
	}
	to, err := returnURL(returnURLs(settings), j.ReturnTo)
	if err != nil {
		return "", err
	}
	return to.String(), nil
}

func (s *Service) depart(ctx context.Context, j journey, browser Secret) (Departure, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, j.Provider)
	if err != nil {
		return Departure{}, err
	}
	secrets, err := s.newSecrets(statePrefix, noncePrefix, "", browserPrefix)
	if err != nil {
		return Departure{}, err
	}
	state := secrets[0]
	j.Nonce, j.Verifier, j.RedirectURI = secrets[1], secrets[2], redirectURI(settings, provider)
	if !isOpaque(browserPrefix, browser) { // several tabs may be on their way
		browser = secrets[3]
	}
	to, asked, err := s.Providers.AuthorizationURL(ctx, j.Provider, j.request(state))
	if err != nil {
		return Departure{}, err
	}
	j.Asked = asked
	t := Ticket{Hash: journeyHash(state, browser), Kind: OAuthStateTicket, UserID: j.userID()}
	err = s.keep(ctx, t, journeyLifetime, sealedForJourney, j)
	return Departure{URL: to, Browser: browser, Lifetime: journeyLifetime}, err
}

// userID is whose journey it is, as far as that is known.
func (j journey) userID() string {
	if j.LinkTo == nil {
		return ""
	}
	return j.LinkTo.UserID
}

func (j journey) request(state Secret) AuthorizationRequest {
	return AuthorizationRequest{
		State: state, Nonce: j.Nonce, Verifier: j.Verifier, RedirectURI: j.RedirectURI, Reauthenticate: j.Reauthenticate,
	}
}

func (s *Service) newSecrets(prefixes ...string) ([]Secret, error) {
	secrets := []Secret{}
	for _, prefix := range prefixes {
		secret, err := newOpaque(prefix, s.Random)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// journeyHash binds a state to the browser that it was given to: in any other
// one it finds nothing, and cannot be used up there either.
func journeyHash(state, browser Secret) TokenHash { return hashOf(state + browser) }

// FinishOAuth ends what BeginOAuth began. It refuses with StateInvalid,
// ProviderUnknown, ProviderRefused, ProviderUnavailable, IdentityRefused,
// IdentityUnlinked, TooManyAttempts, SigningUnavailable, DatabaseUnavailable, or
// as admit does. The Arrival says where to send the browser even then, once the
// state has proved where it came from.
func (s *Service) FinishOAuth(ctx context.Context, c Callback, from Client) (Arrival, error) {
	if err := s.Tokens.Ready(); err != nil {
		return Arrival{}, err
	}
	j, err := s.redeemJourney(ctx, c)
	if err != nil {
		return Arrival{}, err
	}
	arrival, err := s.arrive(context.WithoutCancel(ctx), j, c, from)
	s.Observer.Provider(j.Provider, outcomeOf(err))
	if err != nil && j.ReturnTo != "" {
		arrival.ReturnTo = withQuery(j.ReturnTo, "error", outcomeOf(err))
	}
	return arrival, err
}

func (s *Service) redeemJourney(ctx context.Context, c Callback) (journey, error) {
	if !isOpaque(statePrefix, c.State) || !isOpaque(browserPrefix, c.Browser) {
		return journey{}, refuse(StateInvalid)
	}
	t, found, err := s.Store.RedeemTicket(ctx, OAuthStateTicket, journeyHash(c.State, c.Browser), s.Now())
	switch {
	case err != nil:
		return journey{}, err
	case !found:
		return journey{}, refuse(StateInvalid)
	}
	j := journey{}
	return j, t.Open(s.Sealer, sealedForJourney, &j)
}

// arrive turns a provider's answer into a session, a one-time code or a link.
func (s *Service) arrive(ctx context.Context, j journey, c Callback, from Client) (Arrival, error) {
	identity, err := s.identify(ctx, j, c)
	if err == nil && j.LinkTo != nil {
		code, err := s.holdIdentity(ctx, j, identity)
		return Arrival{ReturnTo: withQuery(j.ReturnTo, "code", string(code))}, err
	}
	user := User{}
	if err == nil {
		user, err = s.userOf(ctx, identity, from)
	}
	if err != nil {
		s.refusedIdentity(ctx, j, identity, from, err)
		return Arrival{}, err
	}
	if j.ReturnTo != "" {
		code, err := s.issueCode(ctx, user, "", oauthCode{Provider: j.Provider, Challenge: j.Challenge})
		return Arrival{ReturnTo: withQuery(j.ReturnTo, "code", string(code))}, err
	}
	result, err := s.admitIdentity(ctx, user, j.Provider, from)
	return Arrival{SignIn: result}, err
}

func (s *Service) identify(ctx context.Context, j journey, c Callback) (Identity, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, j.Provider)
	if err != nil {
		return Identity{}, err
	}
	if err := j.cameBack(settings, provider, c); err != nil {
		return Identity{}, err
	}
	return s.Providers.Identify(ctx, j.Provider, j.request(c.State), j.Asked, c.Answer)
}

// admitIdentity lets a user in on the word of a provider.
func (s *Service) admitIdentity(ctx context.Context, user User, provider string, from Client) (SignIn, error) {
	account := KeyOf(user.Email)
	result, err := s.admit(ctx, admission{
		user: user, account: account, from: from, method: provider, newHash: user.PasswordHash,
	})
	if err != nil {
		s.refusedLogin(ctx, account, from, err)
	}
	return result, err
}

// refusedIdentity leaves a trace of an identity that came to nothing.
func (s *Service) refusedIdentity(ctx context.Context, j journey, identity Identity, from Client, err error) {
	e := Event{
		Action: ActLogin, Outcome: outcomeOf(err), Address: from.Address, UserAgent: from.UserAgent,
		Detail: j.Provider, At: s.Now(),
	}
	if identity.Email != "" {
		e.Account = KeyOf(identity.Email)
	}
	if j.LinkTo != nil {
		e.Action, e.ActorID, e.TargetID = ActLinkIdentity, j.LinkTo.UserID, j.LinkTo.UserID
	} else {
		s.Observer.Login(e.Outcome)
	}
	s.record(ctx, e)
}

// keep issues a one-time token that holds content.
func (s *Service) keep(ctx context.Context, t Ticket, lifetime time.Duration, purpose string, content any) error {
	if err := t.Keep(s.Sealer, purpose, content, s.Now(), lifetime); err != nil {
		return err
	}
	return s.Store.IssueTicket(ctx, t, Effects{})
}
