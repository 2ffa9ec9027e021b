// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"net/url"
	"strings"
	"time"
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

// foundIdentity is an identity on its way to the user who asked for it.
type foundIdentity struct {
	Identity  Identity `json:"identity"`
	Challenge string   `json:"challenge,omitempty"`
}

// BeginLink is the first step; it returns the address. It refuses as caller and
// prove do, and with ProviderUnknown or ReturnURLRefused.
func (s *Service) BeginLink(ctx context.Context, access Secret, j Journey, p Proof, from Client) (Secret, error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return "", err
	}
	settings := s.Settings()
	to, err := s.checkJourney(settings, j)
	if err == nil && to == "" {
		err = refuse(ReturnURLRefused)
	}
	if err != nil {
		return "", err
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return "", err
	}
	link, err := newOpaque(linkPrefix, s.Random)
	if err != nil {
		return "", err
	}
	t := Ticket{Hash: hashOf(link), Kind: OAuthLinkTicket, UserID: subject.UserID}
	err = s.keep(ctx, t, linkLifetime, sealedForLink, journey{
		Provider: j.Provider, ReturnTo: to, Challenge: j.Challenge, LinkTo: &subject,
	})
	address := strings.TrimSuffix(settings.Issuer, "/") + oauthPath + url.PathEscape(j.Provider)
	return Secret(withQuery(address, "link", string(link))), err
}

// redeemLink is what the first step began for the browser that brings its secret.
func (s *Service) redeemLink(ctx context.Context, provider string, link Secret) (journey, error) {
	if !isOpaque(linkPrefix, link) {
		return journey{}, refuse(StateInvalid)
	}
	t, found, err := s.Store.RedeemTicket(ctx, OAuthLinkTicket, hashOf(link), s.Now())
	if err != nil {
		return journey{}, err
	}
	j := journey{}
	if found {
		err = t.Open(s.Sealer, sealedForLink, &j)
	}
	if err == nil && j.Provider != provider {
		err = refuse(StateInvalid)
	}
	return j, err
}

// holdIdentity ends the second step with a code.
func (s *Service) holdIdentity(ctx context.Context, j journey, identity Identity) (Secret, error) {
	code, err := newOpaque(codePrefix, s.Random)
	if err != nil {
		return "", err
	}
	t := Ticket{Hash: hashOf(code), Kind: OAuthIdentityTicket, UserID: j.LinkTo.UserID}
	return code, s.keep(ctx, t, codeLifetime, sealedForIdentity, foundIdentity{identity, j.Challenge})
}

// FinishLink is the third step. A code is used up by whoever hands it in. It
// refuses as caller does, and with OAuthCodeInvalid, ProviderUnknown or
// IdentityTaken.
func (s *Service) FinishLink(ctx context.Context, access, code, verifier Secret, from Client) error {
	user, _, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	if !isOpaque(codePrefix, code) {
		return refuse(OAuthCodeInvalid)
	}
	t, found, err := s.Store.RedeemTicket(ctx, OAuthIdentityTicket, hashOf(code), s.Now())
	if err != nil {
		return err
	}
	held := foundIdentity{}
	if found {
		err = t.Open(s.Sealer, sealedForIdentity, &held)
	}
	switch {
	case err != nil:
		return err
	case !found, t.UserID != user.ID, !provesChallenge(held.Challenge, verifier):
		return refuse(OAuthCodeInvalid)
	}
	if err = s.link(context.WithoutCancel(ctx), user, held.Identity, from); err != nil {
		s.record(ctx, Event{
			Action: ActLinkIdentity, Outcome: outcomeOf(err), ActorID: user.ID, TargetID: user.ID,
			Address: from.Address, UserAgent: from.UserAgent, Detail: held.Identity.Provider, At: s.Now(),
		})
	}
	return err
}

func (s *Service) link(ctx context.Context, user User, identity Identity, from Client) error {
	linked, err := s.addIdentity(ctx, user, identity, from, func(ctx context.Context, i LinkedIdentity, also Effects) (bool, error) {
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
		return refuse(TokenInvalid)
	case owner.ID != user.ID:
		return refuse(IdentityTaken)
	}
	return nil
}

// Identities lists the caller's identities. It refuses as caller does.
func (s *Service) Identities(ctx context.Context, access Secret) ([]LinkedIdentity, error) {
	user, _, err := s.caller(ctx, access)
	if err != nil {
		return nil, err
	}
	return s.Store.IdentitiesOf(ctx, user.ID)
}

// UnlinkIdentity removes one of the caller's identities. It refuses with
// NotFound, LastIdentity, or as caller and prove do.
func (s *Service) UnlinkIdentity(ctx context.Context, access Secret, id string, p Proof, from Client) error {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return err
	}
	event, err := s.event(ActUnlinkIdentity, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	unlinking, err := s.Store.UnlinkIdentity(ctx, user.ID, id, event.At, Effects{Events: []Event{event}})
	switch {
	case err != nil:
		return err
	case !unlinking.Found:
		return refuse(NotFound)
	case !unlinking.Removed:
		return refuse(LastIdentity)
	}
	s.log(ctx, event)
	return nil
}
