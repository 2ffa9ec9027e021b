// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// holderOf is whom a personal access token speaks for at the client. Nobody has signed in,
// so that no class of sign-in is reached, however little time ago. A source that shows many
// that have to be looked up is slowed down. What is told of a service account is no person's:
// neither its id nor its role could be, and it has no address.
func (s *Service) holderOf(r *http.Request, q question, access auth.Secret) (visitor, error) {
	mayAsk := func() error { //nolint:contextcheck // the request has it
		return s.Limiter.Check(r, request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: request.RateRead})
	}
	h, err := s.PersonalTokens.Check(r.Context(), q.client.ID, access, request.Client(r, s.Settings().Network), mayAsk)
	if err != nil {
		return visitor{}, err
	}
	lacks := func(scope string) bool { return !slices.Contains(h.Token.Scopes, scope) }
	if slices.ContainsFunc(q.scope, lacks) {
		return visitor{}, auth.RefuseBecause(auth.PermissionDenied, auth.ScopeMissing)
	}
	v := visitor{groups: h.Groups}
	who := h.User.Subject("", v.authTime, nil)
	v.ClientID, v.UserID, v.Role = q.client.ID, h.User.ID, h.User.Role
	if h.Account != nil {
		who = auth.Subject{}
		v.UserID, v.Role = auth.MarkedServiceAccount(h.Account.ID), auth.ServiceAccountRole
	}
	s.tell(&v, who, func(scope string) bool { return !lacks(scope) })
	return v, nil
}
