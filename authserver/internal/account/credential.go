// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Purpose is what a mailed link is for behind which somebody chooses what they sign in with.
type Purpose string

const (
	// ForRegistration makes an account, ForFirst gives a first credential to one that nothing
	// lets into, and ForRecovery another in place of all that there are.
	ForRegistration Purpose = "registration"
	ForFirst        Purpose = "first"
	ForRecovery     Purpose = "recovery"
)

// Credential is what somebody may choose who has a mailed link.
type Credential struct {
	Email   string
	Purpose Purpose
	// Passkey and Password are what they may sign in with from then on.
	Passkey, Password bool
	// NeedsCode is set where a passkey is set up with a code of the second factor, which stays.
	NeedsCode bool
	// Recovers is set where nothing is to be chosen yet: see BeginRecovery. Waits is one that has
	// begun; nil for none.
	Recovers bool
	Waits    *Recovery
}

// mailedLink is what has been mailed to whoever chooses.
type mailedLink struct {
	hash    auth.TokenHash
	purpose Purpose
	// user has no ID while they have no account.
	user auth.User
	// token is of a registration or a reset; empty for a Recovery's own link.
	token auth.OneTimeToken
	step  resetStep
	waits *Recovery
}

// CheckCredential says what may be chosen behind a mailed link, as long as it works, and leaves it
// so. It refuses with CredentialTokenInvalid or DatabaseUnavailable.
func (s *Service) CheckCredential(ctx context.Context, secret auth.Secret) (Credential, error) {
	l, err := s.openLink(ctx, secret)
	if err != nil {
		return Credential{}, err
	}
	c := Credential{
		Email: l.user.Email, Purpose: l.purpose, Passkey: s.Passkeys.On(), Password: s.Settings().Registration.OffersPasswords(),
		NeedsCode: l.needsCode(), Recovers: l.step == recovers, Waits: l.waits,
	}
	return c, nil
}

// needsCode reports whether a passkey, which is both factors, would come without the second one
// that the user has. Before the address is proved, that may be somebody else's, and goes.
func (l mailedLink) needsCode() bool {
	return l.user.HasSecondFactor() && l.user.EmailVerifiedAt != nil
}

// openLink reads a mailed link of whichever kind. It refuses with CredentialTokenInvalid.
func (s *Service) openLink(ctx context.Context, secret auth.Secret) (mailedLink, error) {
	switch {
	case auth.IsOpaque(registrationPrefix, secret):
		return s.openRegistration(ctx, secret)
	case auth.IsOpaque(recoveryPrefix, secret):
		return s.openRecovery(ctx, secret)
	default:
		return s.openReset(ctx, secret)
	}
}

// openRecovery reads the link that is mailed when a Recovery has waited.
func (s *Service) openRecovery(ctx context.Context, secret auth.Secret) (mailedLink, error) {
	now := s.Now()
	r, found, err := s.Store.RecoveryByLink(ctx, auth.HashOf(secret), now)
	switch {
	case err != nil:
		return mailedLink{}, err
	case !found, !r.Ready(now):
		return mailedLink{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	user, found, err := s.Store.UserByID(ctx, r.UserID)
	if err == nil && (!found || user.DisabledAt != nil) {
		err = auth.Refuse(auth.CredentialTokenInvalid)
	}
	return mailedLink{hash: auth.HashOf(secret), purpose: ForRecovery, user: user, step: choosesNow, waits: &r}, err
}

// openReset reads the link of a reset of somebody without a password.
func (s *Service) openReset(ctx context.Context, secret auth.Secret) (mailedLink, error) {
	token, user, found, err := s.Notify.MailedToken(ctx, auth.ResetPasswordToken, secret)
	switch {
	case err != nil:
		return mailedLink{}, err
	case !found, user.PasswordHash != "", user.Email != token.Email:
		return mailedLink{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	step, ways, err := s.step(ctx, user)
	purpose := ForFirst
	if ways.Others && user.EmailVerifiedAt != nil {
		purpose = ForRecovery
	}
	return mailedLink{hash: token.Hash, purpose: purpose, user: user, token: token, step: step, waits: ways.Recovery}, err
}

// ready is openLink for whoever chooses. It refuses with RecoveryRequired, too.
func (s *Service) ready(ctx context.Context, secret auth.Secret) (mailedLink, error) {
	l, err := s.openLink(ctx, secret)
	if err == nil && l.step == recovers {
		err = auth.Refuse(auth.RecoveryRequired)
	}
	return l, err
}

// BeginCredential asks an authenticator for the passkey of whoever has a mailed link; see
// passkey.BeginByLink. A user with a second factor shows a code of it, or a backup code, which is
// used up and counted like one at a sign-in. It refuses with CredentialTokenInvalid or
// RecoveryRequired, with ProofRequired without a code that is needed, as mfa.ParseCode and
// mfa.Verify do, or as passkey.BeginByLink does.
func (s *Service) BeginCredential(ctx context.Context, secret, code auth.Secret, from auth.Client) (passkey.Ceremony, error) {
	l, err := s.ready(ctx, secret)
	switch {
	case err != nil:
		return passkey.Ceremony{}, err
	case !s.Passkeys.On():
		return passkey.Ceremony{}, auth.Refuse(auth.NotFound)
	}
	if l.needsCode() {
		if err := s.verifyCode(ctx, l.user, code, from); err != nil {
			return passkey.Ceremony{}, err
		}
	}
	return s.Passkeys.BeginByLink(ctx, l.user, l.hash)
}

func (s *Service) verifyCode(ctx context.Context, user auth.User, typed auth.Secret, from auth.Client) error {
	if typed == "" {
		return auth.Refuse(auth.ProofRequired)
	}
	code, err := mfa.ParseCode(typed, "")
	if err != nil {
		return err
	}
	_, err = s.MFA.Verify(ctx, user, code, from)
	return err
}

// ChoosePasskey redeems a mailed link by the passkey that answers a ceremony of BeginCredential, and
// signs its user in. It refuses with CredentialTokenInvalid or RecoveryRequired, as
// passkey.FinishByLink does, with PasskeyExists, Busy, SigningUnavailable or DatabaseUnavailable.
func (s *Service) ChoosePasskey(ctx context.Context, secret auth.Secret, r passkey.Registration, from auth.Client) (signin.SignIn, error) {
	l, err := s.ready(ctx, secret)
	if err != nil {
		return signin.SignIn{}, err
	}
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	p, handle, err := s.Passkeys.FinishByLink(ctx, l.user, l.hash, r)
	if err != nil {
		s.Audit.Record(ctx, s.refusedChoice(l, from, err))
		return signin.SignIn{}, err
	}
	user, err := s.give(ctx, secret, l, chosen{passkey: &p, handle: handle}, from)
	if err != nil {
		return signin.SignIn{}, err
	}
	return s.SignIn.CompleteNewPasskey(ctx, user, from)
}

func (s *Service) refusedChoice(l mailedLink, from auth.Client, err error) auth.Event {
	refused := s.Audit.NewRefusal(auth.ActAddPasskey, l.user.ID, l.user.ID, from, err)
	refused.Account, refused.Detail = auth.KeyOf(l.user.Email), string(l.purpose)
	return refused
}

// ChoosePassword redeems a mailed link by a password, and signs its user in, or asks for their
// second factor. It refuses with CredentialTokenInvalid, RecoveryRequired, PasswordNotOffered,
// PasswordRejected, Busy, SigningUnavailable or DatabaseUnavailable.
func (s *Service) ChoosePassword(ctx context.Context, secret, password auth.Secret, from auth.Client) (signin.SignIn, error) {
	user, err := s.choosePassword(ctx, secret, password, from)
	if err != nil {
		return signin.SignIn{}, err
	}
	return s.SignIn.CompleteNewPassword(context.WithoutCancel(ctx), user, from)
}

func (s *Service) choosePassword(ctx context.Context, secret, password auth.Secret, from auth.Client) (auth.User, error) {
	l, err := s.ready(ctx, secret)
	switch {
	case err != nil:
		return auth.User{}, err
	case !s.Settings().Registration.OffersPasswords():
		return auth.User{}, auth.Refuse(auth.PasswordNotOffered)
	}
	if err := s.checkNewPassword(password, l.user.Email, l.user.Name); err != nil {
		return auth.User{}, err
	}
	hash, err := s.hash(ctx, password, from)
	if err != nil {
		return auth.User{}, err
	}
	return s.give(ctx, secret, l, chosen{hash: hash}, from)
}
