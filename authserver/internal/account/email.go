// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Confirmation is how somebody follows a link that was mailed to an address.
type Confirmation struct {
	Token auth.Secret
	// Access is a token of the account, Password the account's. One is enough;
	// with both, the password is looked at.
	Access, Password auth.Secret
}

// Verification is what the link of a verification mail stands for.
type Verification struct {
	// Email is the address that it proves.
	Email string
	// Changes is set when the address is to take the place of another one.
	Changes bool
	// Own is set when the access token is of the account.
	Own bool
}

// CheckVerification says what a mailed link stands for as long as it works, and
// leaves it so. The access token may be empty. It refuses with
// VerifyTokenInvalid, TokenExpired, TokenInvalid or DatabaseUnavailable.
func (s *Service) CheckVerification(ctx context.Context, secret, access auth.Secret) (Verification, error) {
	bearer, err := s.bearer(ctx, access)
	if err != nil {
		return Verification{}, err
	}
	token, user, err := s.verificationToken(ctx, secret)
	if err != nil {
		return Verification{}, err
	}
	return Verification{Email: token.Email, Changes: token.Kind == auth.ChangeEmailToken, Own: bearer == user.ID}, nil
}

// bearer is the id of the user an access token speaks for, or empty without a token. It
// refuses a token as session.Caller does.
func (s *Service) bearer(ctx context.Context, access auth.Secret) (string, error) {
	if access == "" {
		return "", nil
	}
	user, _, err := s.Sessions.Caller(ctx, access)
	return user.ID, err
}

// VerifyEmail redeems a link that was mailed: the address is proved, and becomes the
// user's if they have asked to change theirs. The link alone shows who reads the mail,
// and not that the account is theirs: somebody may have made it, or changed its
// address, with the address of another. It refuses as session.Caller does, with
// VerifyTokenInvalid, with ProofRequired, as signin.VerifyPassword does, or with
// EmailTaken or DatabaseUnavailable, and uses up nothing then.
func (s *Service) VerifyEmail(ctx context.Context, c Confirmation, from auth.Client) error {
	bearer, err := s.bearer(ctx, c.Access)
	if err != nil {
		return err
	}
	token, user, err := s.verificationToken(ctx, c.Token)
	if err != nil {
		return err
	}
	if err := s.requireAccount(ctx, user, bearer, c.Password, from); err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActVerifyEmail, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	event.Account = auth.KeyOf(token.Email)
	also := auth.Effects{Events: []auth.Event{event}}
	if token.Kind == auth.ChangeEmailToken {
		// The address that goes is told: its owner may not have asked for it.
		also.Events[0].Action = auth.ActChangeEmail
		if also.Messages, err = s.Notify.Mail(auth.EmailChangedMessage, user, from); err != nil {
			return err
		}
	}
	proved, err := s.Store.ProveEmail(ctx, token.Kind, token.Hash, also, event.At)
	switch {
	case err != nil:
		return err
	case !proved:
		return auth.Refuse(auth.VerifyTokenInvalid)
	}
	s.Audit.Print(ctx, also.Events[0])
	return nil
}

// verificationToken reads the token of a link that proves an address, and whose
// account it is about. It refuses with VerifyTokenInvalid.
func (s *Service) verificationToken(ctx context.Context, secret auth.Secret) (auth.OneTimeToken, auth.User, error) {
	kind := auth.VerifyEmailToken
	if notify.ChangesEmail(secret) {
		kind = auth.ChangeEmailToken
	}
	token, user, found, err := s.Notify.MailedToken(ctx, kind, secret)
	if err == nil && !found {
		err = auth.Refuse(auth.VerifyTokenInvalid)
	}
	return token, user, err
}

// requireAccount checks that whoever follows a mailed link has the account, too: its
// password or, when none is given, a session of it. It refuses with ProofRequired or as
// signin.VerifyPassword does. A wrong password is counted like one at a login.
func (s *Service) requireAccount(ctx context.Context, user auth.User, bearer string, password auth.Secret, from auth.Client) error {
	switch {
	case password == "" && bearer == user.ID:
		return nil
	case password == "":
		return auth.Refuse(auth.ProofRequired)
	}
	err := s.SignIn.VerifyPassword(ctx, user, password, from)
	if err != nil {
		s.Audit.Record(ctx, s.Audit.NewRefusal(auth.ActVerifyEmail, "", user.ID, from, err))
	}
	return err
}

// ResendVerification mails a new link to an address that is not verified yet.
// Whoever asks is answered the same after the same work, whether or not there is
// such an account. It refuses with InvalidRequest, EmailUnavailable or
// DatabaseUnavailable.
func (s *Service) ResendVerification(ctx context.Context, email string, from auth.Client) error {
	address, err := auth.ParseEmail(email)
	if err != nil {
		return err
	}
	user, _, err := s.Store.UserByEmail(ctx, address)
	if err != nil {
		return err
	}
	if user.EmailVerifiedAt != nil {
		user = auth.User{}
	}
	return s.Notify.MailLink(ctx, auth.VerifyEmailToken, auth.ActRequestVerification, user, "", string(address), from)
}

// ChangeEmail mails a link to an address that the user wants to have; following it
// makes it theirs, unless the session that asked has been ended meanwhile by more than
// a logout. It refuses as session.Caller and signin.RequireProof do, or with
// InvalidRequest, EmailTaken, which a realm that conceals its accounts keeps to itself,
// or EmailUnavailable.
func (s *Service) ChangeEmail(ctx context.Context, access auth.Secret, email string, p signin.Proof, from auth.Client) error {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	address, err := auth.ParseEmail(email)
	switch {
	case err != nil:
		return err
	case s.Settings().Email == nil:
		return auth.Refuse(auth.EmailUnavailable)
	}
	if err := s.SignIn.RequireProof(ctx, user, subject, p, from); err != nil {
		return err
	}
	owner, taken, err := s.Store.UserByEmail(ctx, address)
	switch {
	case err != nil:
		return err
	case taken && owner.ID != user.ID:
		return s.addressTaken(ctx, auth.ActChangeEmail, user.ID, owner, from)
	}
	return s.Notify.MailLink(ctx, auth.ChangeEmailToken, auth.ActRequestVerification, user, subject.SessionID, string(address), from)
}
