// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// issueOwn signs an access token of the realm's own for one of its own applications: it opens
// the realm's API in the browser's session, and is worthless when that has ended or the grant.
func (s *Service) issueOwn(issued grant.Issued, scopes []string) (tokenAnswer, error) {
	subject := issued.User.Subject(issued.Grant.SessionID, issued.Grant.AuthTime, issued.Grant.AMR)
	subject.GrantID = issued.Grant.ID
	signed, lifetime, err := s.Sessions.Tokens.Issue(subject)
	if err != nil {
		return tokenAnswer{}, err
	}
	return tokenAnswer{
		AccessToken: string(signed), TokenType: bearer, ExpiresIn: int64(lifetime / time.Second), Scope: formatScope(scopes),
	}, nil
}

// endOwn signs the user out at the realm: a grant of its own applications is no more than
// the browser's session, at another place.
func (s *Service) endOwn(ctx context.Context, held grant.Held, from auth.Client) error {
	return s.Sessions.End(ctx, held.User.Subject(held.Grant.SessionID, held.Grant.AuthTime, held.Grant.AMR), from)
}

// handOver is the address of the hand-over that is older than this flow, which takes
// addresses below one of ReturnURLs as well: for one of the realm's own applications whose
// page is not listed letter by letter, refused with err. It is false for every other
// request. No code of this flow ever goes there.
func (s *Service) handOver(values url.Values, err error) (string, bool) {
	refused := (*auth.Error)(nil)
	if !errors.As(err, &refused) || refused.Reason != auth.RedirectURIUnknown || values.Get("client_id") != realmconfig.FirstPartyID {
		return "", false
	}
	uri, ok := once(values, "redirect_uri")
	challenge, challenged := once(values, "code_challenge")
	if !ok || !challenged || values.Get("code_challenge_method") != "S256" || auth.CheckCodeChallenge(challenge) != nil {
		return "", false
	}
	if _, err := signin.CheckReturnURL(s.Settings().Browser.ReturnURLs, uri); err != nil {
		return "", false
	}
	page := "/signin"
	if provider := s.provider(values); provider != "" {
		page += "/with/" + url.PathEscape(provider)
	}
	return s.address(page) + "?" + url.Values{"return_to": {uri}, "code_challenge": {challenge}}.Encode(), true
}
