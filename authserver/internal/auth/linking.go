// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// LinkIdentity begins to give the caller one more way in. The browser that is
// sent to the provider must be the one that asked. It refuses as caller and
// BeginOAuth do, without a ReturnTo with ReturnURLRefused.
func (s *Service) LinkIdentity(ctx context.Context, access Secret, j Journey) (Departure, error) {
	_, subject, err := s.caller(ctx, access)
	if err != nil {
		return Departure{}, err
	}
	return s.depart(ctx, j, &subject)
}

// link ends what LinkIdentity began, unless the session has ended meanwhile.
func (s *Service) link(ctx context.Context, to Subject, identity Identity, from Client) error {
	err := s.tryLink(ctx, to, identity, from)
	if err != nil {
		s.record(ctx, Event{
			Action: ActLinkIdentity, Outcome: outcomeOf(err), ActorID: to.UserID, TargetID: to.UserID,
			Address: from.Address, UserAgent: from.UserAgent, Detail: identity.Provider, At: s.Now(),
		})
	}
	return err
}

func (s *Service) tryLink(ctx context.Context, to Subject, identity Identity, from Client) error {
	_, live, err := s.Store.UserOfSession(ctx, to.UserID, to.SessionID)
	switch {
	case err != nil:
		return err
	case !live:
		return refuse(StateInvalid)
	}
	linked, err := s.linkTo(ctx, to.UserID, identity, from, s.Store.LinkIdentity)
	if err != nil || linked {
		return err
	}
	owner, _, err := s.Store.UseIdentity(ctx, identity, s.Now())
	if err == nil && owner.ID != to.UserID {
		err = refuse(IdentityTaken)
	}
	return err
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
// NotFound, LastIdentity, or as caller does.
func (s *Service) UnlinkIdentity(ctx context.Context, access Secret, id string, from Client) error {
	user, _, err := s.caller(ctx, access)
	if err != nil {
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
