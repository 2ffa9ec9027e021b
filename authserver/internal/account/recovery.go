// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// Recovery is the wait of somebody who has no password, and has lost what they sign in with.
// Whoever reads the mail of the account begins it, and is mailed a link when it is over. Its
// owner may object until then.
type Recovery struct {
	UserID string
	// Email is where the mails go. With another address of the user, it is void.
	Email string
	// ReadyAt is when the link is mailed, ExpiresAt until when it works.
	BegunAt, ReadyAt, ExpiresAt time.Time
	// Address and UserAgent are of whoever has begun it.
	Address, UserAgent string
}

// Ready reports whether the wait is over.
func (r Recovery) Ready(now time.Time) bool { return !now.Before(r.ReadyAt) }

// WaysIn is what a user may sign in with besides a password.
type WaysIn struct {
	// Others is set for whoever has a passkey that signs in, or an identity of a provider, also
	// where the realm takes none at present.
	Others bool
	// Recovery is one that waits, or that is ready; nil for none.
	Recovery *Recovery
}

// recoveryWindow is how long the link of a recovery works from its mail on: it has taken a while,
// and whoever is away when it comes is not to wait once more.
const recoveryWindow = 7 * 24 * time.Hour

// resetStep is what the link of a reset is good for.
type resetStep int

const (
	// setsPassword is for whoever has a password.
	setsPassword resetStep = iota
	// choosesNow is for whoever may have a passkey or a password at once.
	choosesNow
	// recovers is for whoever waits first.
	recovers
)

// stepOf decides what whoever reads the mail of a user may do. An address that nobody has proved
// is its reader's, with whatever is in the account. A user whom nothing lets in has nothing that
// a wait would protect.
func stepOf(user auth.User, ways WaysIn, wait time.Duration, now time.Time) resetStep {
	switch {
	case user.PasswordHash != "":
		return setsPassword
	case user.EmailVerifiedAt == nil, !ways.Others, wait == 0, ways.Recovery != nil && ways.Recovery.Ready(now):
		return choosesNow
	default:
		return recovers
	}
}

// step is what the link of a reset is good for at this moment.
func (s *Service) step(ctx context.Context, user auth.User) (resetStep, WaysIn, error) {
	now := s.Now()
	ways, err := s.Store.WaysIn(ctx, user.ID, now)
	return stepOf(user, ways, s.Settings().RecoveryWait(), now), ways, err
}

// WaysInOf is what a user may sign in with besides a password, for an admin.
func (s *Service) WaysInOf(ctx context.Context, user auth.User) (WaysIn, error) {
	return s.Store.WaysIn(ctx, user.ID, s.Now())
}

// NewRecovery is a Recovery that begins.
type NewRecovery struct {
	Recovery
	// Redeems is the mailed token of whoever begins it.
	Redeems auth.TokenHash
	// Link and Cancel are of the secrets that are mailed; Mail is the message that brings the
	// first, which is due when the wait is over.
	Link, Cancel auth.TokenHash
	Mail         string
	// Forgets is since when cancellations are remembered.
	Forgets time.Time
}

// BeginRecovery redeems the link of a reset mail of somebody without a password: from now on they
// wait, and are told so by mail at once, with a link that cancels. Where somebody waits already,
// it is that wait, and nothing happens. It refuses with ResetTokenInvalid, with RecoveryInvalid
// where nobody has to wait, or with RateLimited, EmailUnavailable or DatabaseUnavailable.
func (s *Service) BeginRecovery(ctx context.Context, secret auth.Secret, from auth.Client) (Recovery, error) {
	token, user, found, err := s.Notify.MailedToken(ctx, auth.ResetPasswordToken, secret)
	switch {
	case err != nil:
		return Recovery{}, err
	case !found:
		return Recovery{}, auth.Refuse(auth.ResetTokenInvalid)
	}
	step, ways, err := s.step(ctx, user)
	switch {
	case err != nil:
		return Recovery{}, err
	case step != recovers:
		return Recovery{}, auth.Refuse(auth.RecoveryInvalid)
	case ways.Recovery != nil:
		return *ways.Recovery, nil
	}
	n, also, err := s.newRecovery(user, token, from)
	if err != nil {
		return Recovery{}, err
	}
	begun, err := s.Store.BeginRecovery(ctx, n, also)
	switch {
	case err != nil:
		return Recovery{}, err
	case begun:
		s.Audit.Print(ctx, also.Events[0])
		return n.Recovery, nil
	}
	ways, err = s.Store.WaysIn(ctx, user.ID, s.Now())
	if err == nil && ways.Recovery == nil {
		err = auth.Refuse(auth.ResetTokenInvalid)
	}
	if err != nil {
		return Recovery{}, err
	}
	return *ways.Recovery, nil
}

func (s *Service) newRecovery(user auth.User, token auth.OneTimeToken, from auth.Client) (NewRecovery, auth.Effects, error) {
	settings := s.Settings()
	if settings.Email == nil {
		return NewRecovery{}, auth.Effects{}, auth.Refuse(auth.EmailUnavailable)
	}
	event, err := s.Audit.NewEvent(auth.ActBeginRecovery, user.ID, user.ID, from)
	if err != nil {
		return NewRecovery{}, auth.Effects{}, err
	}
	event.Account = auth.KeyOf(user.Email)
	wait, now := settings.RecoveryWait(), event.At.Truncate(time.Microsecond) // as the Store keeps it
	n := NewRecovery{
		Recovery: Recovery{
			UserID: user.ID, Email: user.Email, BegunAt: now, ReadyAt: now.Add(wait), ExpiresAt: now.Add(wait + recoveryWindow),
			Address: from.Address, UserAgent: from.UserAgent,
		},
		Redeems: token.Hash, Forgets: now.Add(-cancellationMemory),
	}
	cancel, err := auth.NewOpaque(cancelPrefix, s.Random)
	if err != nil {
		return NewRecovery{}, auth.Effects{}, err
	}
	n.Cancel = auth.HashOf(cancel)
	told, err := s.Notify.MailWith(auth.RecoveryBegunMessage, user, notify.Notice{
		Link: auth.Secret(settings.Address(cancelPath + string(cancel))), Lifetime: wait,
	}, from)
	if err != nil {
		return NewRecovery{}, auth.Effects{}, err
	}
	ready, link, err := s.readyMail(user, n.Recovery)
	n.Link, n.Mail = link, ready.ID
	return n, auth.Effects{Messages: append(told, ready), Events: []auth.Event{event}, Required: true}, err
}

const (
	recoveryPrefix = "rkq_"
	cancelPrefix   = "rkz_"
	credentialPath = "/credential/" //nolint:gosec // where somebody chooses one
	cancelPath     = "/recovery/cancel/"
)

// readyMail is the mail that brings the link, when the wait is over. It counts against no quota:
// the mail that tells of the beginning does.
func (s *Service) readyMail(user auth.User, r Recovery) (auth.Message, auth.TokenHash, error) {
	secret, err := auth.NewOpaque(recoveryPrefix, s.Random)
	if err != nil {
		return auth.Message{}, auth.TokenHash{}, err
	}
	message, err := s.Notify.NewMessage(auth.ByMail, auth.RecoveryReadyMessage, notify.Notice{
		To: user.Email, Name: user.Name, Locale: user.Locale, Lifetime: r.ExpiresAt.Sub(r.ReadyAt),
		Link: auth.Secret(s.Settings().Address(credentialPath + string(secret))),
		At:   r.ReadyAt, Address: r.Address, UserAgent: r.UserAgent,
	})
	message.Due = r.ReadyAt
	return message, auth.HashOf(secret), err
}
