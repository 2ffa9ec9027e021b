// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// LinkedIdentity is an Identity that belongs to a user.
type LinkedIdentity struct {
	ID       string
	UserID   string
	Identity Identity
	// CreatedAt is when it was linked, LastUsedAt when somebody last signed in with it.
	CreatedAt, LastUsedAt time.Time
}

// Unlinking is what became of a wish to remove an identity.
type Unlinking struct {
	// Found is false when the user has no such identity.
	Found bool
	// Removed is false when it was the last way in.
	Removed bool
}

// Identities is the part of the Store that knows who people are elsewhere. An
// identity belongs to one user at most.
type Identities interface {
	// UseIdentity finds the user of an identity and notes that it was used.
	UseIdentity(ctx context.Context, i Identity, now time.Time) (User, bool, error)
	// CreateUserWithIdentity makes a user and their identity. It is false, and
	// nothing happens, when the address or the identity is taken.
	CreateUserWithIdentity(ctx context.Context, u User, i LinkedIdentity, also Effects) (bool, error)
	// LinkByEmail gives an identity to its user if that user is enabled and has
	// proved the identity's address. It is false, and nothing happens, otherwise
	// or when the identity is taken.
	LinkByEmail(ctx context.Context, i LinkedIdentity, also Effects) (bool, error)
	// LinkIdentity gives an identity to its user. It is false, and nothing
	// happens, when the identity is taken, the user is disabled, or the account
	// has another password, or another owner, than when user was read.
	LinkIdentity(ctx context.Context, user User, i LinkedIdentity, also Effects) (bool, error)
	// IdentitiesOf lists a user's identities, the oldest first.
	IdentitiesOf(ctx context.Context, userID string) ([]LinkedIdentity, error)
	// UnlinkIdentity removes an identity unless its user could not sign in
	// without it.
	UnlinkIdentity(ctx context.Context, userID, id string, now time.Time, also Effects) (Unlinking, error)
}

// contested is how often two sign-ins may get in each other's way before one
// gives up; the second try finds what the first one lost to.
const contested = 4

// userOf is the user an identity belongs to. An identity that is new here joins
// the account of its address, or gets an account of its own:
//
//   - Joining needs the realm's consent (LinkByEmail) and an address that the
//     provider has verified, or anybody could take over an account by typing its
//     address there. Where the account has not proved the address, somebody may
//     have registered a stranger's, and would share the account with its true
//     owner: so the identity joins it by a Reclaim.
//   - A new account needs the realm's consent (SignUp) and a verified address, so
//     that nobody sits on an address that is not theirs.
//
// It refuses with IdentityRefused, IdentityUnlinked or AccountDisabled.
func (s *Service) userOf(ctx context.Context, identity Identity, from Client) (User, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, identity.Provider)
	if err != nil {
		return User{}, err
	}
	if !letsIn(provider, identity) {
		return User{}, refuse(IdentityRefused)
	}
	for range contested {
		user, found, err := s.Store.UseIdentity(ctx, identity, s.Now())
		if err != nil || found {
			return user, err
		}
		if err := s.welcome(ctx, settings, provider, identity, from); err != nil {
			return User{}, err
		}
	}
	return User{}, refuseFor(TooManyAttempts, contention)
}

// letsIn is about the domains of a provider's addresses, for old friends too.
func letsIn(p realmconfig.Provider, i Identity) bool {
	if len(p.AllowedEmailDomains) == 0 {
		return true
	}
	address, err := mailaddress.Parse(i.Email)
	return err == nil && i.EmailVerified && slices.ContainsFunc(p.AllowedEmailDomains, func(allowed string) bool {
		domain, err := mailaddress.ParseDomain(allowed)
		return err == nil && domain == address.Domain()
	})
}

// welcome links an identity or makes an account for it. It does neither, and is
// no error, when somebody else was quicker.
func (s *Service) welcome(ctx context.Context, settings realmconfig.Config, provider realmconfig.Provider, identity Identity, from Client) error {
	owner, taken := User{}, false
	if address, err := mailaddress.Parse(identity.Email); err == nil {
		if owner, taken, err = s.Store.UserByEmail(ctx, address); err != nil {
			return err
		}
	}
	switch {
	case taken && !identity.EmailVerified && settings.Login.UnknownUser == realmconfig.Conceal:
		return refuse(IdentityRefused) // as if there were no such account
	case taken && (!provider.LinkByEmail || !identity.EmailVerified):
		return refuse(IdentityUnlinked)
	case taken && owner.DisabledAt != nil:
		return refuse(AccountDisabled)
	case taken && owner.EmailVerifiedAt == nil:
		_, err := s.reclaimByIdentity(ctx, owner, identity, from)
		return err
	case taken:
		_, err := s.addIdentity(ctx, owner, identity, from, s.Store.LinkByEmail)
		return err
	case !provider.SignUp || !identity.EmailVerified:
		return refuse(IdentityRefused)
	default:
		return s.createUser(ctx, identity, from)
	}
}

func (s *Service) createUser(ctx context.Context, identity Identity, from Client) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	now := s.Now()
	user := User{
		ID: id, Email: identity.Email, Role: UserRole, Name: identity.Name, EmailVerifiedAt: &now, CreatedAt: now,
	}
	_, err = s.keepIdentity(ctx, ActRegister, id, identity, nil, from, func(ctx context.Context, i LinkedIdentity, also Effects) (bool, error) {
		return s.Store.CreateUserWithIdentity(ctx, user, i, also)
	})
	return err
}

type storeIdentity func(ctx context.Context, i LinkedIdentity, also Effects) (bool, error)

// addIdentity gives a user one more way in, and tells them by mail.
func (s *Service) addIdentity(ctx context.Context, user User, identity Identity, from Client, store storeIdentity) (bool, error) {
	provider, err := findProvider(s.Settings(), identity.Provider)
	if err != nil {
		return false, err
	}
	mails, err := s.noticeOf(IdentityLinkedMessage, user, Notice{Provider: provider.DisplayName}, from)
	if err != nil {
		return false, err
	}
	return s.keepIdentity(ctx, ActLinkIdentity, user.ID, identity, mails, from, store)
}

// keepIdentity hands an identity to the Store, with a line for the audit trail.
func (s *Service) keepIdentity(ctx context.Context, action Action, userID string, identity Identity, mails []Message, from Client, store storeIdentity) (bool, error) {
	id, err := s.newID()
	if err != nil {
		return false, err
	}
	event, err := s.event(action, userID, userID, from)
	if err != nil {
		return false, err
	}
	event.Detail = identity.Provider
	done, err := store(ctx, LinkedIdentity{
		ID: id, UserID: userID, Identity: identity, CreatedAt: event.At, LastUsedAt: event.At,
	}, Effects{Messages: mails, Events: []Event{event}})
	if done && err == nil {
		s.log(ctx, event)
	}
	return done, err
}
