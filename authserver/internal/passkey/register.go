// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
)

// Begin asks for a new passkey of a user, whom the session belongs to: nobody else can finish.
// It refuses with NotFound where the realm has no passkeys, or with TooManyPasskeys.
func (s *Service) Begin(ctx context.Context, user auth.User, sessionID string) (Ceremony, error) {
	return s.ask(ctx, user, sessionID, nil)
}

// BeginFor is Begin at a sign-in that is stopped until the user has a second factor.
func (s *Service) BeginFor(ctx context.Context, user auth.User, stopped auth.TokenHash) (Ceremony, error) {
	return s.ask(ctx, user, "", stopped[:])
}

func (s *Service) ask(ctx context.Context, user auth.User, sessionID string, stopped []byte) (Ceremony, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Ceremony{}, err
	}
	person, passkeys, err := s.person(ctx, rp, user)
	switch {
	case err != nil:
		return Ceremony{}, err
	case passkeys >= most:
		return Ceremony{}, auth.Refuse(auth.TooManyPasskeys)
	}
	q, err := s.WebAuthn.Create(rp, person, false)
	if err != nil {
		return Ceremony{}, err
	}
	return s.begin(ctx, auth.PasskeyRegistrationToken, user.ID, sessionID, q, stopped)
}

// person is a user as authenticators know them, and how many passkeys they have, those of another
// relying party included.
func (s *Service) person(ctx context.Context, rp RelyingParty, user auth.User) (who Person, passkeys int, err error) {
	fresh := make([]byte, handleBytes)
	if _, err := io.ReadFull(s.Random, fresh); err != nil {
		return Person{}, 0, fmt.Errorf("make user handle: %w", err)
	}
	handle, err := s.Store.UserHandle(ctx, user.ID, fresh)
	if err != nil {
		return Person{}, 0, err
	}
	known, err := s.Store.PasskeysOf(ctx, user.ID)
	return personOf(rp, user, handle, known), len(known), err
}

// Registration is what a browser brings back to Finish.
type Registration struct {
	Ceremony auth.Secret
	// Credential is the JSON form of the browser's PublicKeyCredential.
	Credential string
	// Name is what the user calls it.
	Name string
}

// Added is a passkey that has come to a user.
type Added struct {
	Passkey
	// BackupCodes are shown once, to a user whose first second factor it is; nil for others.
	BackupCodes []auth.Secret
}

// Finish adds the passkey that answers a ceremony of Begin. Its user is told by mail. It refuses
// with NotFound, PasskeyRegistrationInvalid or PasskeyExists.
func (s *Service) Finish(ctx context.Context, user auth.User, sessionID string, r Registration, from auth.Client) (Added, error) {
	return s.finishFor(ctx, user, asker{session: sessionID}, r, from)
}

// FinishFor is Finish at a sign-in that is stopped until the user has a second factor. All of
// theirs end with it, so that of two at once one sets something up.
func (s *Service) FinishFor(ctx context.Context, user auth.User, stopped auth.TokenHash, r Registration, from auth.Client) (Added, error) {
	return s.finishFor(ctx, user, asker{stopped: &stopped}, r, from)
}

// asker is what has asked for a passkey: a session, or a sign-in that is stopped.
type asker struct {
	session string
	stopped *auth.TokenHash
}

// is reports whether a question was this one's.
func (a asker) is(b begun) bool {
	if a.stopped == nil {
		return b.Challenge == nil
	}
	return bytes.Equal(b.Challenge, a.stopped[:])
}

func (s *Service) finishFor(ctx context.Context, user auth.User, by asker, r Registration, from auth.Client) (Added, error) {
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	added, err := s.finish(ctx, user, by, r, from)
	s.Observer.Passkey("registration", auth.OutcomeOf(err))
	if err != nil {
		s.Audit.Record(ctx, s.Audit.NewRefusal(auth.ActAddPasskey, user.ID, user.ID, from, err))
	}
	return added, err
}

func (s *Service) finish(ctx context.Context, user auth.User, by asker, r Registration, from auth.Client) (Added, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return Added{}, err
	}
	b, found, err := s.redeem(ctx, auth.PasskeyRegistrationToken, r.Ceremony, user.ID, by.session)
	switch {
	case err != nil:
		return Added{}, err
	case !found, !by.is(b):
		return Added{}, auth.Refuse(auth.PasskeyRegistrationInvalid)
	}
	person, _, err := s.person(ctx, rp, user)
	if err != nil {
		return Added{}, err
	}
	credential, err := s.WebAuthn.Created(rp, person, b.State, []byte(r.Credential))
	switch {
	case errors.Is(err, ErrAnswer):
		s.Log.InfoContext(ctx, "passkey not set up", "reason", err)
		return Added{}, &auth.Error{Code: auth.PasskeyRegistrationInvalid, Cause: err}
	case err != nil:
		return Added{}, err
	}
	return s.add(ctx, user, by, credential, r.Name, from)
}

func (s *Service) add(ctx context.Context, user auth.User, by asker, c Credential, name string, from auth.Client) (Added, error) {
	id, err := s.NewID()
	if err != nil {
		return Added{}, err
	}
	n := NewPasskey{
		Passkey: Passkey{ID: id, UserID: user.ID, Name: name, Credential: c, CreatedAt: s.Now()},
		User:    user, SessionID: by.session, Stopped: by.stopped, Most: most,
	}
	added := Added{Passkey: n.Passkey}
	if !c.UserVerified && !user.HasSecondFactor() {
		if added.BackupCodes, n.BackupCodes, err = mfa.NewBackupCodes(s.Random); err != nil {
			return Added{}, err
		}
	}
	event, err := s.Audit.NewEvent(auth.ActAddPasskey, user.ID, user.ID, from)
	if err != nil {
		return Added{}, err
	}
	event.Detail = string(n.Method())
	mails, err := s.Notify.Mail(auth.PasskeyAddedMessage, user, from)
	if err != nil {
		return Added{}, err
	}
	stored, err := s.Store.AddPasskey(ctx, n, auth.Effects{Messages: mails, Events: []auth.Event{event}})
	switch {
	case err != nil:
		return Added{}, err
	case !stored:
		return Added{}, auth.Refuse(auth.PasskeyExists)
	}
	s.Audit.Print(ctx, event)
	return added, nil
}
