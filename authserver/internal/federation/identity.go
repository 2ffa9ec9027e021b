// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
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

// UnlinkResult is what became of a wish to remove an identity.
type UnlinkResult struct {
	// Found is false when the user has no such identity.
	Found bool
	// Removed is false when it was the last way in.
	Removed bool
}

// maxContention is how often two sign-ins may get in each other's way before one
// gives up; the second try finds what the first one lost to.
const maxContention = 4

// userOf is the user an identity belongs to. An identity that is new here joins
// the account of its address, or gets an account of its own:
//
//   - Joining needs the realm's consent (LinkByEmail) and an address that the
//     provider has verified, or anybody could take over an account by typing its
//     address there. Where the account has not proved the address, somebody may
//     have registered a stranger's, and would share the account with its true
//     owner: so the identity joins it by a reclaim.Claim.
//   - A new account needs the realm's consent (SignUp) and a verified address, so
//     that nobody sits on an address that is not theirs.
//
// It refuses with IdentityRefused, IdentityUnlinked or AccountDisabled.
func (s *Service) userOf(ctx context.Context, identity Identity, from auth.Client) (auth.User, error) {
	settings := s.Settings()
	provider, err := findProvider(settings, identity.Provider)
	if err != nil {
		return auth.User{}, err
	}
	if reason := refusalByDomain(provider, identity); reason != "" {
		return auth.User{}, auth.RefuseBecause(auth.IdentityRefused, reason)
	}
	for range maxContention {
		user, found, err := s.Store.UseIdentity(ctx, identity, s.Now())
		if err != nil || found {
			return user, err
		}
		if err := s.provision(ctx, settings, provider, identity, from); err != nil {
			return auth.User{}, err
		}
	}
	return auth.User{}, auth.RefuseFor(auth.TooManyAttempts, auth.Contention)
}

// refusalByDomain is about the domains of a provider's addresses, for old friends too.
// It is empty when the identity may sign in.
func refusalByDomain(p realmconfig.Provider, i Identity) auth.Reason {
	address, err := mailaddress.Parse(i.Email)
	switch {
	case len(p.AllowedEmailDomains) == 0:
		return ""
	case err != nil:
		return auth.EmailMissing
	case !i.EmailVerified:
		return auth.EmailUnverified
	case !slices.ContainsFunc(p.AllowedEmailDomains, func(allowed string) bool {
		domain, err := mailaddress.ParseDomain(allowed)
		return err == nil && domain == address.Domain()
	}):
		return auth.DomainNotAllowed
	default:
		return ""
	}
}

// refusalOfNewcomer is why no account is made for an identity; empty when one is.
func refusalOfNewcomer(p realmconfig.Provider, i Identity) auth.Reason {
	switch {
	case !p.SignUp:
		return auth.SignUpClosed
	case i.Email == "":
		return auth.EmailMissing
	case !i.EmailVerified:
		return auth.EmailUnverified
	default:
		return ""
	}
}

// provision links an identity or makes an account for it. It does neither, and is
// no error, when somebody else was quicker.
func (s *Service) provision(ctx context.Context, settings realmconfig.Config, provider realmconfig.Provider, identity Identity, from auth.Client) error {
	owner, taken := auth.User{}, false
	if address, err := mailaddress.Parse(identity.Email); err == nil {
		if owner, taken, err = s.Store.UserByEmail(ctx, address); err != nil {
			return err
		}
	}
	refusal := refusalOfNewcomer(provider, identity)
	switch {
	case taken && !identity.EmailVerified && settings.Login.UnknownUser == realmconfig.Conceal:
		return auth.RefuseBecause(auth.IdentityRefused, refusal) // as if there were no such account
	case taken && (!provider.LinkByEmail || !identity.EmailVerified):
		return auth.Refuse(auth.IdentityUnlinked)
	case taken && owner.DisabledAt != nil:
		return auth.Refuse(auth.AccountDisabled)
	case taken && owner.EmailVerifiedAt == nil:
		_, err := s.reclaimByIdentity(ctx, owner, identity, from)
		return err
	case taken:
		_, err := s.addIdentity(ctx, owner, identity, from, s.Store.LinkByEmail)
		return err
	case refusal != "":
		return auth.RefuseBecause(auth.IdentityRefused, refusal)
	default:
		return s.createUser(ctx, identity, from)
	}
}

func (s *Service) createUser(ctx context.Context, identity Identity, from auth.Client) error {
	id, err := s.NewID()
	if err != nil {
		return err
	}
	now := s.Now()
	user := auth.User{
		ID: id, Email: identity.Email, Role: auth.UserRole, Name: identity.Name, EmailVerifiedAt: &now, CreatedAt: now,
	}
	_, err = s.keepIdentity(ctx, auth.ActRegister, id, identity, nil, from, func(ctx context.Context, i LinkedIdentity, also auth.Effects) (bool, error) {
		return s.Store.CreateUserWithIdentity(ctx, user, i, also)
	})
	return err
}

type storeIdentity func(ctx context.Context, i LinkedIdentity, also auth.Effects) (bool, error)

// addIdentity gives a user one more way in, and tells them by mail.
func (s *Service) addIdentity(ctx context.Context, user auth.User, identity Identity, from auth.Client, store storeIdentity) (bool, error) {
	provider, err := findProvider(s.Settings(), identity.Provider)
	if err != nil {
		return false, err
	}
	mails, err := s.Notify.MailWith(auth.IdentityLinkedMessage, user, notify.Notice{Provider: provider.DisplayName}, from)
	if err != nil {
		return false, err
	}
	return s.keepIdentity(ctx, auth.ActLinkIdentity, user.ID, identity, mails, from, store)
}

// keepIdentity hands an identity to the Store, with an event for the audit log.
func (s *Service) keepIdentity(ctx context.Context, action auth.Action, userID string, identity Identity, mails []auth.Message, from auth.Client, store storeIdentity) (bool, error) {
	id, err := s.NewID()
	if err != nil {
		return false, err
	}
	event, err := s.Audit.NewEvent(action, userID, userID, from)
	if err != nil {
		return false, err
	}
	event.Detail = identity.Provider
	done, err := store(ctx, LinkedIdentity{
		ID: id, UserID: userID, Identity: identity, CreatedAt: event.At, LastUsedAt: event.At,
	}, auth.Effects{Messages: mails, Events: []auth.Event{event}})
	if done && err == nil {
		s.Audit.Print(ctx, event)
	}
	return done, err
}

// reclaimByIdentity is false, and no error, when somebody else was quicker.
func (s *Service) reclaimByIdentity(ctx context.Context, user auth.User, identity Identity, from auth.Client) (bool, error) {
	provider, err := findProvider(s.Settings(), identity.Provider)
	if err != nil {
		return false, err
	}
	event, err := s.Reclaim.NewEvent(user, identity.Provider, from)
	if err != nil {
		return false, err
	}
	mails, err := s.Reclaim.Mail(user, notify.Notice{Provider: provider.DisplayName}, from)
	if err != nil {
		return false, err
	}
	reclaim := s.Reclaim.NewClaim(user, event.At)
	ended := []string{}
	done, err := s.keepIdentity(ctx, auth.ActLinkIdentity, user.ID, identity, mails, from, func(ctx context.Context, i LinkedIdentity, also auth.Effects) (bool, error) {
		also.Events = append(also.Events, event)
		reclaimed, err := s.Store.ReclaimByIdentity(ctx, reclaim, i, also)
		ended = reclaimed.Ended
		return reclaimed.Done, err
	})
	if err == nil && done {
		s.Reclaim.Conclude(ctx, reclaim, ended)
		s.Audit.Print(ctx, event)
	}
	return done, err
}
