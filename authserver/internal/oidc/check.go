// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// checked is a request for authorization as far as it can be judged before anybody is asked.
type checked struct {
	authorization
	// audience is whom access tokens would be for, expected the user whom the client means,
	// by id; empty for whoever it is.
	audience []string
	expected string
}

// check reads a request of a client, and refuses with an *Error whatever is wrong with it.
func (s *Service) check(client realmconfig.Client, values url.Values) (c checked, err error) {
	client = s.askingFor(client, form{values}.resources())
	if c.authorization, err = authorizationOf(client, values); err != nil {
		return c, err
	}
	if c.audience, err = s.audienceOf(client, c.resources); err != nil {
		return c, err
	}
	c.expected, err = s.expected(c.authorization)
	return c, err
}

// expected is the user whom the client means, by id; empty for whoever it is.
func (s *Service) expected(asked authorization) (string, error) {
	if asked.idTokenHint == "" {
		return asked.claims.Subject, nil
	}
	hint, err := s.Tokens.VerifyIDToken(asked.idTokenHint)
	switch {
	case err != nil:
		return "", refuse(InvalidRequest, "id_token_hint is no ID token of this realm.")
	case asked.claims.Subject != "" && asked.claims.Subject != hint.Subject:
		return "", refuse(InvalidRequest, "id_token_hint and claims mean two users.")
	}
	return hint.Subject, nil
}
