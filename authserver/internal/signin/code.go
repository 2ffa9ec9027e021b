// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const (
	// CodePrefix tells a code from other tokens.
	CodePrefix = "rko_"
	// CodeLifetime is enough for a browser to follow a redirect.
	CodeLifetime = time.Minute
)

// Authorization is what a one-time code is worth. It stands in a URL, so it is
// worth nothing to anybody but the application that knows the verifier of
// Challenge, where there is one.
type Authorization struct {
	Word
	Challenge string `json:"challenge,omitempty"`
	// SignedIn is set when the user has shown everything already, a second
	// factor included.
	SignedIn bool `json:"signedIn,omitempty"`
	// AMR is how the user has (RFC 8176).
	AMR []string `json:"amr,omitempty"`
	// PasswordChangedAt is the user's when the code was made. With another, it is
	// worth nothing: it was made while somebody else was given the account, or a
	// new password.
	PasswordChangedAt *time.Time `json:"passwordChangedAt,omitempty"`
}

// Word is a provider's word for a user, or the pages' own.
type Word struct {
	// Provider is whose; empty for the pages'.
	Provider string `json:"provider"`
	// AuthTime is when the user has shown who they are; zero for at this moment.
	AuthTime time.Time `json:"authTime,omitzero"`
	// Asked is when the provider was asked to let the user sign in anew; zero where it may have
	// recognised them.
	Asked time.Time `json:"asked,omitzero"`
}

// sealedForCode is the purpose under which codes are sealed.
const sealedForCode = "oauth code"

// IssueCode makes a code for the user; sessionID is the session that vouches for
// them, empty when somebody else has.
func (s *Service) IssueCode(ctx context.Context, user auth.User, sessionID string, worth Authorization) (auth.Secret, error) {
	if user.DisabledAt != nil {
		return "", auth.Refuse(auth.AccountDisabled)
	}
	code, err := auth.NewOpaque(CodePrefix, s.Random)
	if err != nil {
		return "", err
	}
	worth.PasswordChangedAt = user.PasswordChangedAt
	t := auth.OneTimeToken{Hash: auth.HashOf(code), Kind: auth.AuthorizationCodeToken, UserID: user.ID, SessionID: sessionID}
	if err := t.Keep(s.Sealer, sealedForCode, worth, s.Now(), CodeLifetime); err != nil {
		return "", err
	}
	return code, s.Store.IssueToken(ctx, t, auth.Effects{})
}

// RedeemCode ends a sign-in through a provider, or on the realm's pages, at the
// application. A code is used up even by a wrong verifier, and is worth nothing once
// the session of the pages has ended that it was issued for. It refuses with
// AuthorizationCodeInvalid, SigningUnavailable, DatabaseUnavailable, AccountDisabled or
// EmailNotVerified.
func (s *Service) RedeemCode(ctx context.Context, code, verifier auth.Secret, from auth.Client) (SignIn, error) {
	if !auth.IsOpaque(CodePrefix, code) {
		return SignIn{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	t, found, err := s.Store.RedeemToken(ctx, auth.AuthorizationCodeToken, auth.HashOf(code), s.Now())
	switch {
	case err != nil:
		return SignIn{}, err
	case !found:
		return SignIn{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	content := Authorization{}
	if err := t.Open(s.Sealer, sealedForCode, &content); err != nil {
		return SignIn{}, err
	}
	if !auth.MatchesCodeChallenge(content.Challenge, verifier) {
		return SignIn{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	conclude := context.WithoutCancel(ctx)
	user, found, err := s.Store.UserByID(conclude, t.UserID)
	switch {
	case err != nil:
		return SignIn{}, err
	case !found, !auth.SameTime(user.PasswordChangedAt, content.PasswordChangedAt):
		return SignIn{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	if content.SignedIn {
		grant, err := s.openDescendant(conclude, user, t.SessionID, content, from)
		return SignIn{Grant: grant}, err
	}
	return s.CompleteFederated(conclude, user, content.Word, from)
}

// openDescendant opens a session on the word of another one, unless that has ended. From
// then on the two are independent of each other.
func (s *Service) openDescendant(ctx context.Context, user auth.User, parent string, worth Authorization, from auth.Client) (session.Grant, error) {
	if parent == "" {
		return session.Grant{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	account := auth.KeyOf(user.Email)
	grant, err := s.openSession(ctx, authentication{
		user: user, account: account, from: from, method: "handover", newHash: user.PasswordHash,
		parent: parent, authTime: worth.AuthTime, amr: worth.AMR,
	}, nil)
	if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) {
		err = auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	if err != nil {
		s.recordRefusal(ctx, account, from, err)
	}
	return grant, err
}
