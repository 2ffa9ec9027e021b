// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// pendingSignIn is a Request between its beginning and its end. It waits in a one-time
// token.
type pendingSignIn struct {
	Provider string `json:"provider"`
	// RedirectURI is where the answer must come to, Asked who must give it.
	RedirectURI string `json:"redirectURI,omitempty"`
	Asked       Party  `json:"asked,omitempty"`

	Nonce     auth.Secret `json:"nonce"`
	Verifier  auth.Secret `json:"verifier"`
	ReturnTo  string      `json:"returnTo,omitempty"`
	Challenge string      `json:"challenge,omitempty"`
	// Reauthenticate is as in Request.
	Reauthenticate bool `json:"reauthenticate,omitempty"`
	// AskedAt is when the provider was asked.
	AskedAt time.Time `json:"askedAt,omitzero"`
	// LinkTo is who asked for the identity; nil for a sign-in.
	LinkTo *auth.Subject `json:"linkTo,omitempty"`
}

// sealedForState is the purpose under which authorizations are sealed.
const sealedForState = "oauth journey"

// userID is whose authorization it is, as far as that is known.
func (a pendingSignIn) userID() string {
	if a.LinkTo == nil {
		return ""
	}
	return a.LinkTo.UserID
}

// word is what the provider's word for a user is worth: somebody who was asked to sign in
// anew has done so now, and somebody else when the provider says.
func (a pendingSignIn) word(identity Identity, now time.Time) signin.Word {
	w := signin.Word{Provider: a.Provider}
	switch {
	case a.Reauthenticate:
		w.Asked = a.AskedAt
	case identity.AuthTime.Before(now):
		w.AuthTime = identity.AuthTime
	}
	return w
}

func (a pendingSignIn) request(state auth.Secret) AuthorizationRequest {
	return AuthorizationRequest{
		State: state, Nonce: a.Nonce, Verifier: a.Verifier, RedirectURI: a.RedirectURI, Reauthenticate: a.Reauthenticate, AskedAt: a.AskedAt,
	}
}

func (s *Service) redeemState(ctx context.Context, c Callback) (pendingSignIn, error) {
	if !auth.IsOpaque(statePrefix, c.State) || !auth.IsOpaque(browserPrefix, c.Browser) {
		return pendingSignIn{}, auth.Refuse(auth.StateInvalid)
	}
	t, found, err := s.Store.RedeemToken(ctx, auth.FederationStateToken, stateHash(c.State, c.Browser), s.Now())
	switch {
	case err != nil:
		return pendingSignIn{}, err
	case !found:
		return pendingSignIn{}, auth.Refuse(auth.StateInvalid)
	}
	var a pendingSignIn
	err = t.Open(s.Sealer, sealedForState, &a)
	return a, err
}

// stateHash binds a state to the browser that it was given to: in any other
// one it finds nothing, and cannot be used up there either.
func stateHash(state, browser auth.Secret) auth.TokenHash { return auth.HashOf(state + browser) }

// keep issues a one-time token that holds content.
func (s *Service) keep(ctx context.Context, t auth.OneTimeToken, lifetime time.Duration, purpose string, content any) error {
	if err := t.Keep(s.Sealer, purpose, content, s.Now(), lifetime); err != nil {
		return err
	}
	return s.Store.IssueToken(ctx, t, auth.Effects{})
}

// checkCallback refuses an answer with StateInvalid unless it came to the callback that
// the authorization was begun with (RFC 9700, section 4.4.2.2), and that is the
// provider's still: whoever has the shared one now may not be who had it then.
func (a pendingSignIn) checkCallback(settings realmconfig.Config, p realmconfig.Provider, c Callback) error {
	if to := callbackURL(settings, c.Provider); to != a.RedirectURI || to != redirectURI(settings, p) {
		return auth.Refuse(auth.StateInvalid)
	}
	return nil
}
