// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ReturnPath is where a sign-in through a provider comes back to that the
// realm's own pages began, below the issuer.
const ReturnPath = "/signin/return"

// LinkReturnPath is the same for linking an identity.
const LinkReturnPath = "/account/identities/return"

// returnURLs are where a browser may be sent, the realm's own pages included.
func returnURLs(settings realmconfig.Config) []string {
	own := strings.TrimSuffix(settings.Issuer, "/")
	return append([]string{own + ReturnPath, own + LinkReturnPath}, settings.Browser.ReturnURLs...)
}

// CheckReturn refuses with ReturnURLRefused what HandOver would not send a
// browser to, or with InvalidRequest a challenge that is none.
func (s *Service) CheckReturn(returnTo, challenge string) error {
	if _, err := returnURL(s.Settings().Browser.ReturnURLs, returnTo); err != nil {
		return err
	}
	return checkChallenge(challenge)
}

// HandOver sends a user who has signed in on the realm's pages on to an
// application: the result is its address with a one-time code for a session of
// its own, which is as recently proved as the pages'. The challenge (RFC 7636,
// section 4.2) may be empty.
//
// It takes the refresh token of the pages' session and replaces it: whoever has
// found nothing but an access token, which dies soon, must not turn it into a
// session, which does not. The Grant is the pages' from then on, whatever else is
// refused. It refuses as Refresh, caller and CheckReturn do.
func (s *Service) HandOver(ctx context.Context, refresh Secret, returnTo, challenge string, from Client) (Grant, string, error) {
	grant, err := s.Refresh(ctx, refresh, from)
	if err != nil {
		return Grant{}, "", err
	}
	user, subject, err := s.caller(ctx, grant.AccessToken)
	if err == nil {
		err = s.CheckReturn(returnTo, challenge)
	}
	if err != nil {
		return grant, "", err
	}
	code, err := s.issueCode(ctx, user, subject.SessionID, oauthCode{Challenge: challenge, SignedIn: true, AuthTime: subject.AuthTime})
	return grant, withQuery(returnTo, "code", string(code)), err
}

func checkChallenge(challenge string) error {
	if challenge == "" || isOpaque("", Secret(challenge)) {
		return nil
	}
	return &Error{Code: InvalidRequest, Fields: []FieldProblem{
		{Field: "code_challenge", Detail: "must be a SHA-256 in base64url"},
	}}
}
