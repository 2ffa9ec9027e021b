// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"context"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Linking gives a signed-in user one more way in. It takes three steps, and each
// asks who it is:
//
//  1. The application asks with the user's access token and recent proof, and gets
//     an address.
//  2. The browser goes there, to the provider, and comes back with a code. The
//     address and the cookie make it one browser from beginning to end.
//  3. The application hands the code in, again with the user's access token.
//
// Without the third, somebody could be led to the address of another's first
// step, and their identity would open the other's account. Without the proof,
// whoever has found an access token could stay in the account for good.
const (
	linkPrefix = "rkl_"
	// linkLifetime is enough for an application to send its browser on.
	linkLifetime = time.Minute
)

// sealedForLink and sealedForIdentity are the purposes under which what the steps
// hand on is sealed.
const (
	sealedForLink     = "oauth link"
	sealedForIdentity = "oauth identity"
)

// heldIdentity is an identity on its way to the user who asked for it.
type heldIdentity struct {
	Identity  Identity `json:"identity"`
	Challenge string   `json:"challenge,omitempty"`
}

// BeginLink is the first step; it returns the address. It refuses as session.Caller and
// signin.RequireProof do, and with ProviderUnknown or ReturnURLRefused.
func (s *Service) BeginLink(ctx context.Context, access auth.Secret, r Request, p signin.Proof, from auth.Client) (auth.Secret, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return "", err
	}
	settings := s.Settings()
	to, err := s.checkRequest(settings, r)
	if err == nil && to == "" {
		err = auth.Refuse(auth.ReturnURLRefused)
	}
	if err != nil {
		return "", err
	}
	if err := s.SignIn.RequireProof(ctx, user, subject, p, from); err != nil {
		return "", err
	}
	link, err := auth.NewOpaque(linkPrefix, s.Random)
	if err != nil {
		return "", err
	}
	t := auth.OneTimeToken{Hash: auth.HashOf(link), Kind: auth.LinkToken, UserID: subject.UserID}
	err = s.keep(ctx, t, linkLifetime, sealedForLink, pendingSignIn{
		Provider: r.Provider, ReturnTo: to, Challenge: r.Challenge, LinkTo: &subject,
	})
	address := settings.Address(providersPath + url.PathEscape(r.Provider))
	return auth.Secret(signin.WithQuery(address, "link", string(link))), err
}

// redeemLink is what the first step began for the browser that brings its secret.
func (s *Service) redeemLink(ctx context.Context, provider string, link auth.Secret) (pendingSignIn, error) {
	if !auth.IsOpaque(linkPrefix, link) {
		return pendingSignIn{}, auth.Refuse(auth.StateInvalid)
	}
	t, found, err := s.Store.RedeemToken(ctx, auth.LinkToken, auth.HashOf(link), s.Now())
	if err != nil {
		return pendingSignIn{}, err
	}
	a := pendingSignIn{}
	if found {
		err = t.Open(s.Sealer, sealedForLink, &a)
	}
	if err == nil && a.Provider != provider {
		err = auth.Refuse(auth.StateInvalid)
	}
	return a, err
}

// holdIdentity ends the second step with a code.
func (s *Service) holdIdentity(ctx context.Context, a pendingSignIn, identity Identity) (auth.Secret, error) {
	code, err := auth.NewOpaque(signin.CodePrefix, s.Random)
	if err != nil {
		return "", err
	}
	t := auth.OneTimeToken{Hash: auth.HashOf(code), Kind: auth.IdentityToken, UserID: a.LinkTo.UserID}
	return code, s.keep(ctx, t, signin.CodeLifetime, sealedForIdentity, heldIdentity{identity, a.Challenge})
}

// FinishLink is the third step. A code is used up by whoever hands it in. It refuses as
// session.Caller does, and with AuthorizationCodeInvalid, ProviderUnknown or
// IdentityTaken.
func (s *Service) FinishLink(ctx context.Context, access, code, verifier auth.Secret, from auth.Client) error {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	if !auth.IsOpaque(signin.CodePrefix, code) {
		return auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	t, found, err := s.Store.RedeemToken(ctx, auth.IdentityToken, auth.HashOf(code), s.Now())
	if err != nil {
		return err
	}
	held := heldIdentity{}
	if found {
		err = t.Open(s.Sealer, sealedForIdentity, &held)
	}
	switch {
	case err != nil:
		return err
	case !found, t.UserID != user.ID, !auth.MatchesCodeChallenge(held.Challenge, verifier):
		return auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	if err = s.link(context.WithoutCancel(ctx), user, held.Identity, from); err != nil {
		refused := s.Audit.NewRefusal(auth.ActLinkIdentity, user.ID, user.ID, from, err)
		refused.Detail = held.Identity.Provider
		s.Audit.Record(ctx, refused)
	}
	return err
}

func (s *Service) link(ctx context.Context, user auth.User, identity Identity, from auth.Client) error {
	linked, err := s.addIdentity(ctx, user, identity, from, func(ctx context.Context, i LinkedIdentity, also auth.Effects) (bool, error) {
		return s.Store.LinkIdentity(ctx, user, i, also)
	})
	if err != nil || linked {
		return err
	}
	owner, taken, err := s.Store.UseIdentity(ctx, identity, s.Now())
	switch {
	case err != nil:
		return err
	case !taken: // it was not the identity that stood in the way: the session is over
		return auth.Refuse(auth.TokenInvalid)
	case owner.ID != user.ID:
		return auth.Refuse(auth.IdentityTaken)
	}
	return nil
}

// Identities lists the caller's identities. It refuses as session.Caller does.
func (s *Service) Identities(ctx context.Context, access auth.Secret) ([]LinkedIdentity, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, err
	}
	return s.Store.IdentitiesOf(ctx, user.ID)
}

// UnlinkIdentity removes one of the caller's identities. It refuses with NotFound,
// LastIdentity, or as session.Caller and signin.RequireProof do.
func (s *Service) UnlinkIdentity(ctx context.Context, access auth.Secret, id string, p signin.Proof, from auth.Client) error {
	user, err := s.SignIn.ProvenCaller(ctx, access, p, from)
	if err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActUnlinkIdentity, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	unlinking, err := s.Store.UnlinkIdentity(ctx, user.ID, id, event.At, auth.Effects{Events: []auth.Event{event}})
	switch {
	case err != nil:
		return err
	case !unlinking.Found:
		return auth.Refuse(auth.NotFound)
	case !unlinking.Removed:
		return auth.Refuse(auth.LastIdentity)
	}
	s.Audit.Print(ctx, event)
	return nil
}
