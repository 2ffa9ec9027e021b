// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) applicationPages() []page {
	return []page{
		{"POST /account/applications/revoke", request.RateChange, w.revokeApplication},
	}
}

// revokeApplication has the client in the form: the id of one that nobody declares may be an
// address, with slashes that a proxy would take for its own.
func (w *Web) revokeApplication(req *pageRequest) (*response, error) {
	client := req.r.PostFormValue("client")
	if client != realmconfig.FirstPartyID && !realmconfig.IsClientID(client) && !realmconfig.IsSelfRegisteredID(client) {
		return nil, auth.Refuse(auth.NotFound)
	}
	return w.change(req, "applications", func(access auth.Secret) error {
		return w.Grants.Revoke(req.r.Context(), access, client, req.client)
	})
}

// scopeKey begins the keys of what scopes are called.
const scopeKey = "scope."

// Scope says in words what an application may do by a scope. What no language has words for
// is one of the application's own.
func (t translation) Scope(scope string) string {
	if text, found := t.text(scopeKey + scope); found {
		return text
	}
	return t.T("scopes.other", "scope", scope)
}

// Scopes says what an application may do by what somebody has agreed to: in the order of the
// catalogue, then what is its own, and then where.
func (t translation) Scopes(agreed []string) []string {
	scopes, resources := auth.PartAgreed(agreed)
	place := func(scope string) int {
		if i := slices.Index(t.keys, scopeKey+scope); i >= 0 {
			return i
		}
		return len(t.keys)
	}
	slices.SortStableFunc(scopes, func(a, b string) int { return place(a) - place(b) })
	words := []string{}
	for _, scope := range scopes {
		words = append(words, t.Scope(scope))
	}
	for _, resource := range resources {
		words = append(words, t.T("scopes.resource", "resource", resource))
	}
	return words
}
