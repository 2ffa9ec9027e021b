// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"
)

const (
	codePrefix = "rko_"
	// codeLifetime is enough for a browser to follow a redirect.
	codeLifetime = time.Minute
)

// oauthCode is what a one-time code is worth. It stands in a URL, so it is
// worth nothing to anybody but the application that knows the verifier of
// Challenge, where there is one.
type oauthCode struct {
	Provider  string `json:"provider"`
	Challenge string `json:"challenge,omitempty"`
	// SignedIn is set when the user has shown everything already, a second
	// factor included.
	SignedIn bool `json:"signedIn,omitempty"`
	// AuthTime is when that was.
	AuthTime time.Time `json:"authTime,omitzero"`
	// PasswordChangedAt is the user's when the code was made. With another, it is
	// worth nothing: it was made while somebody else was given the account, or a
	// new password.
	PasswordChangedAt *time.Time `json:"passwordChangedAt,omitempty"`
}

// sealedForCode is the purpose under which codes are sealed.
const sealedForCode = "oauth code"

// issueCode makes a code for the user; sessionID is the session that vouches for
// them, empty when somebody else has.
func (s *Service) issueCode(ctx context.Context, user User, sessionID string, worth oauthCode) (Secret, error) {
	if user.DisabledAt != nil {
		return "", refuse(AccountDisabled)
	}
	code, err := newOpaque(codePrefix, s.Random)
	if err != nil {
		return "", err
	}
	worth.PasswordChangedAt = user.PasswordChangedAt
	t := Ticket{Hash: hashOf(code), Kind: OAuthCodeTicket, UserID: user.ID, SessionID: sessionID}
	if err := t.Keep(s.Sealer, sealedForCode, worth, s.Now(), codeLifetime); err != nil {
		return "", err
	}
	return code, s.Store.IssueTicket(ctx, t, Effects{})
}

// RedeemOAuthCode ends a sign-in through a provider, or on the realm's pages, at
// the application. A code is used up even by a wrong verifier, and is worth nothing
// once the session of the pages has ended that it was issued for. It refuses with
// OAuthCodeInvalid, SigningUnavailable, DatabaseUnavailable, or as admit does.
func (s *Service) RedeemOAuthCode(ctx context.Context, code, verifier Secret, from Client) (SignIn, error) {
	if !isOpaque(codePrefix, code) {
		return SignIn{}, refuse(OAuthCodeInvalid)
	}
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	t, found, err := s.Store.RedeemTicket(ctx, OAuthCodeTicket, hashOf(code), s.Now())
	switch {
	case err != nil:
		return SignIn{}, err
	case !found:
		return SignIn{}, refuse(OAuthCodeInvalid)
	}
	content := oauthCode{}
	if err := t.Open(s.Sealer, sealedForCode, &content); err != nil {
		return SignIn{}, err
	}
	if !provesChallenge(content.Challenge, verifier) {
		return SignIn{}, refuse(OAuthCodeInvalid)
	}
	conclude := context.WithoutCancel(ctx)
	user, found, err := s.Store.UserByID(conclude, t.UserID)
	switch {
	case err != nil:
		return SignIn{}, err
	case !found, !sameTime(user.PasswordChangedAt, content.PasswordChangedAt):
		return SignIn{}, refuse(OAuthCodeInvalid)
	}
	if content.SignedIn {
		grant, err := s.descend(conclude, user, t.SessionID, content.AuthTime, from)
		return SignIn{Grant: grant}, err
	}
	return s.admitIdentity(conclude, user, content.Provider, from)
}

// descend opens a session on the word of another one, unless that has ended. From
// then on the two are independent of each other.
func (s *Service) descend(ctx context.Context, user User, parent string, authTime time.Time, from Client) (Grant, error) {
	if parent == "" {
		return Grant{}, refuse(OAuthCodeInvalid)
	}
	account := KeyOf(user.Email)
	grant, err := s.openSession(ctx, admission{
		user: user, account: account, from: from, method: "handover", newHash: user.PasswordHash,
		parent: parent, authTime: authTime,
	}, nil)
	if errors.Is(err, refuse(InvalidCredentials)) {
		err = refuse(OAuthCodeInvalid)
	}
	if err != nil {
		s.refusedLogin(ctx, account, from, err)
	}
	return grant, err
}

// provesChallenge compares as RFC 7636, section 4.6, says. A verifier nobody
// asked for is refused too: somebody may have taken the challenge out of the
// beginning (RFC 9700, section 2.1.1).
func provesChallenge(challenge string, verifier Secret) bool {
	if challenge == "" || verifier == "" {
		return challenge == "" && verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
