// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const (
	// CodePrefix tells an authorization code from other tokens.
	CodePrefix = "rka_"
	// CodeLifetime is enough for a browser to follow a redirect.
	CodeLifetime = time.Minute
)

// Code is an authorization code on its way (RFC 6749, section 4.1.2).
type Code struct {
	Hash auth.TokenHash
	Authorization
	UserID, SessionID string
	// RedirectURI and Challenge bind the code to the request that it answers. The
	// challenge is of the method S256 (RFC 7636, section 4.2); empty for none.
	RedirectURI, Challenge string
	// Offline asks for a session of the grant's own.
	Offline bool
	// Consented are the scopes that the user must still agree to when the code is
	// exchanged; nil where nobody was asked for their consent.
	Consented []string
	// SessionsSince is when the session must have begun at the earliest.
	SessionsSince        time.Time
	CreatedAt, ExpiresAt time.Time
}

// IssueCode makes a code for what c says, on the word of its session, and says how its
// user showed who they are (RFC 8176). It refuses with TokenInvalid when that is over.
func (s *Service) IssueCode(ctx context.Context, c Code) (code auth.Secret, amr []string, err error) {
	if code, err = auth.NewOpaque(CodePrefix, s.Random); err != nil {
		return "", nil, err
	}
	c.Hash, c.CreatedAt = auth.HashOf(code), s.Now()
	c.ExpiresAt, c.SessionsSince = c.CreatedAt.Add(CodeLifetime), s.Settings().Tokens.SessionsSince(c.CreatedAt)
	amr, issued, err := s.Store.IssueAuthorizationCode(ctx, c)
	switch {
	case err != nil:
		return "", nil, err
	case !issued:
		return "", nil, auth.Refuse(auth.TokenInvalid)
	}
	return code, amr, nil
}

// Redemption is what a client shows to begin a grant, and what is stored of that.
type Redemption struct {
	Code auth.TokenHash
	Terms
	// RedirectURI and Challenge must be those of the code, the challenge empty for none.
	RedirectURI, Challenge string
	GrantID                string
	// GrantKey is the key that the grant is bound to; empty for none.
	GrantKey string
	// Refresh is the hash of the first refresh token; nil for none.
	Refresh *auth.TokenHash
	// SessionsSince is when the session must have begun at the earliest.
	SessionsSince  time.Time
	Now, ExpiresAt time.Time
}

// CodeShown is what a client shows at the token endpoint (RFC 6749, section 4.1.3; RFC
// 7636, section 4.5).
type CodeShown struct {
	Code, Verifier auth.Secret
	RedirectURI    string
}

// Redeem exchanges a code for a grant. A code is used up even by a wrong verifier, address,
// key or client: nobody but a thief shows one. A code that was used before ends what it was
// exchanged for (RFC 6749, section 4.1.2). It refuses with AuthorizationCodeInvalid or
// DatabaseUnavailable.
func (s *Service) Redeem(ctx context.Context, shown CodeShown, terms Terms, from auth.Client) (Issued, error) {
	if !auth.IsOpaque(CodePrefix, shown.Code) {
		return Issued{}, auth.Refuse(auth.AuthorizationCodeInvalid)
	}
	id, err := s.NewID()
	if err != nil {
		return Issued{}, err
	}
	refresh, hash, err := s.firstToken(terms)
	if err != nil {
		return Issued{}, err
	}
	told, err := s.Audit.NewEvent(auth.ActBeginGrant, "", "", from)
	if err != nil {
		return Issued{}, err
	}
	told.Detail = terms.ClientID
	now := told.At
	// Whoever hangs up has used the code all the same.
	conclude := context.WithoutCancel(ctx)
	held, begun, err := s.Store.UseAuthorizationCode(conclude, Redemption{
		Code: auth.HashOf(shown.Code), Terms: terms, RedirectURI: shown.RedirectURI, Challenge: challengeOf(shown.Verifier),
		GrantID: id, GrantKey: terms.boundKey(), Refresh: hash, SessionsSince: s.Settings().Tokens.SessionsSince(now), Now: now, ExpiresAt: now.Add(terms.lifetime()),
	}, told)
	switch {
	case err != nil:
		return Issued{}, err
	case !begun:
		return Issued{}, s.codeRefused(conclude, auth.HashOf(shown.Code), terms, from)
	}
	told.ActorID, told.TargetID = held.User.ID, held.User.ID
	s.Audit.Print(ctx, told)
	return issuedOf(held, refresh, terms), nil
}

// issuedOf is a grant that has begun, with its first refresh token where the client gets one.
func issuedOf(held Held, refresh session.RefreshToken, terms Terms) Issued {
	issued := Issued{Grant: held.Grant, User: held.User}
	if terms.Refreshes {
		issued.RefreshToken, issued.RefreshLifetime = auth.Secret(refresh), terms.RefreshTokenLifetime
	}
	return issued
}

// codeRefused is the refusal of a code, after an end of what it was exchanged for.
func (s *Service) codeRefused(ctx context.Context, code auth.TokenHash, terms Terms, from auth.Client) error {
	told, err := s.Audit.NewEvent(auth.ActReuseCode, "", "", from)
	if err != nil {
		return err
	}
	told.Outcome, told.Detail = string(auth.AuthorizationCodeInvalid), terms.ClientID
	held, ended, err := s.Store.EndGrantOfCode(ctx, code, told.At, told)
	if err != nil {
		return err
	}
	if ended {
		s.Sessions.RevokeSessions(ctx, held.Grant.ID)
		told.TargetID = held.User.ID
		s.Audit.Print(ctx, told)
	}
	return auth.Refuse(auth.AuthorizationCodeInvalid)
}

// challengeOf is the challenge of a verifier by the method S256; empty for none.
func challengeOf(verifier auth.Secret) string {
	if verifier == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
