// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Passkey is a credential of a user, under the name that they have given it.
type Passkey struct {
	ID     string
	UserID string
	Name   string
	Credential
	CreatedAt time.Time
	// LastUsedAt is nil for one that has only been set up.
	LastUsedAt *time.Time
}

// Credential is what a realm keeps of a passkey: the credential record of Web Authentication,
// section 4.
type Credential struct {
	// CredentialID is by which the authenticator knows it.
	CredentialID []byte
	// RelyingPartyID is the host that it belongs to: nobody shows it at another.
	RelyingPartyID string
	// Record is all that the authenticator has said of it, public key included, in the form of
	// WebAuthn. What of it changes stands in the other fields, which go before.
	Record []byte
	// UserVerified is whether it had verified its user when it was set up. It never changes.
	UserVerified bool
	// BackupEligible is whether it may be copied to other devices, and BackedUp whether it was.
	// The first never changes: an answer that says otherwise is refused.
	BackupEligible, BackedUp bool
	// SignCount is how often it was used, or zero where the authenticator does not count.
	SignCount uint32
}

// Method is what a passkey is behind a password.
func (p Passkey) Method() auth.Method {
	if p.UserVerified {
		return auth.PasskeyMethod
	}
	return auth.SecurityKeyMethod
}

const (
	// most is how many passkeys a user may have.
	most = 20
	// MaxNameLength of a passkey is in bytes: 64 characters of any script.
	MaxNameLength = 256
	// handleBytes of randomness are what authenticators know a user by. Web Authentication,
	// section 14.6.1, wants them to tell nothing of the user, and no more than 64.
	handleBytes = 32
)

// Of are the user's passkeys, the eldest first.
func (s *Service) Of(ctx context.Context, user auth.User) ([]Passkey, error) {
	return s.Store.PasskeysOf(ctx, user.ID)
}

// Has reports whether the user has a passkey that the realm can ask for.
func (s *Service) Has(ctx context.Context, user auth.User) (bool, error) {
	rp, err := s.relyingParty()
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return false, nil
	}
	if err != nil || !slices.Contains(user.Methods, auth.PasskeyMethod) {
		return false, err
	}
	known, err := s.Store.PasskeysOf(ctx, user.ID)
	return slices.ContainsFunc(known, func(p Passkey) bool { return p.UserVerified && p.RelyingPartyID == rp.ID }), err
}

// Rename gives a passkey of the user another name. It refuses with NotFound.
func (s *Service) Rename(ctx context.Context, user auth.User, id, name string, from auth.Client) error {
	renamed, err := s.Audit.NewEvent(auth.ActRenamePasskey, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	renamed.Detail = name
	found, err := s.Store.RenamePasskey(ctx, user.ID, id, name, s.Now(), auth.Effects{Events: []auth.Event{renamed}})
	switch {
	case err != nil:
		return err
	case !found:
		return auth.Refuse(auth.NotFound)
	}
	s.Audit.Print(ctx, renamed)
	return nil
}

// Remove takes a passkey from the user, who is told by mail. Where the realm has no passkeys, none
// of them signs anybody in. It refuses with NotFound, or with LastIdentity where they could not
// sign in any more.
func (s *Service) Remove(ctx context.Context, user auth.User, id string, from auth.Client) error {
	removed, err := s.Audit.NewEvent(auth.ActRemovePasskey, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	mails, err := s.Notify.Mail(auth.PasskeyRemovedMessage, user, from)
	if err != nil {
		return err
	}
	rp, err := s.relyingParty()
	if err != nil && !errors.Is(err, auth.Refuse(auth.NotFound)) {
		return err
	}
	required, err := s.Requirements.FactorsEnforced(ctx, user)
	if err != nil {
		return err
	}
	r, err := s.Store.RemovePasskey(ctx, Remove{user.ID, id, rp.ID, required}, s.Now(), auth.Effects{Messages: mails, Events: []auth.Event{removed}})
	switch {
	case err != nil:
		return err
	case !r.Found:
		return auth.Refuse(auth.NotFound)
	case !r.Removed:
		return auth.Refuse(auth.LastIdentity)
	}
	s.Audit.Print(ctx, removed)
	return nil
}
