// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ReturnPath is where a sign-in through a provider comes back to that the
// realm's own pages began, below the issuer.
const ReturnPath = "/signin/return"

// LinkReturnPath is the same for linking an identity.
const LinkReturnPath = "/account/identities/return"

// ReturnURLs are where a browser may be sent, the realm's own pages included.
func ReturnURLs(settings realmconfig.Config) []string {
	return append([]string{settings.Address(ReturnPath), settings.Address(LinkReturnPath)}, settings.Browser.ReturnURLs...)
}

// CheckRedirect refuses with ReturnURLRefused what Authorize would not send a browser
// to, or with InvalidRequest a challenge that is none.
func (s *Service) CheckRedirect(returnTo, challenge string) error {
	if _, err := CheckReturnURL(s.Settings().Browser.ReturnURLs, returnTo); err != nil {
		return err
	}
	return auth.CheckCodeChallenge(challenge)
}

// Authorize sends a user who has signed in on the realm's pages on to an application:
// the result is its address with a one-time code for a session of its own, which is as
// recently proved as the pages'. The challenge (RFC 7636, section 4.2) may be empty.
//
// It takes the refresh token of the pages' session and replaces it: whoever has found
// nothing but an access token, which dies soon, must not turn it into a session, which
// does not. The Grant is the pages' from then on, whatever else is refused. It refuses
// as session.Refresh, session.Caller and CheckRedirect do.
func (s *Service) Authorize(ctx context.Context, refresh auth.Secret, returnTo, challenge string, from auth.Client) (session.Grant, string, error) {
	grant, err := s.Sessions.Refresh(ctx, refresh, from)
	if err != nil {
		return session.Grant{}, "", err
	}
	user, subject, err := s.Sessions.Caller(ctx, grant.AccessToken)
	if err == nil {
		err = s.CheckRedirect(returnTo, challenge)
	}
	if err != nil {
		return grant, "", err
	}
	code, err := s.IssueCode(ctx, user, subject.SessionID, Authorization{
		Word: Word{AuthTime: subject.AuthTime}, AMR: strings.Fields(subject.AMR), Challenge: challenge, SignedIn: true,
	})
	return grant, WithQuery(returnTo, "code", string(code)), err
}
