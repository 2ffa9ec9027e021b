// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// verifyPath is what a gateway asks about a request that it holds back.
const verifyPath = "/api/auth/verify"

func (a *API) forwardRoutes() []route {
	return []route{{
		method: "GET", path: verifyPath, status: http.StatusOK, bearer: bearerRequired,
		summary: "Whom an access token speaks for, in headers, for a gateway (nginx auth_request, Caddy forward_auth)",
		in:      reflect.TypeFor[verifyQuery](), out: reflect.TypeFor[empty](),
		refuses: []auth.Code{auth.PermissionDenied},
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			a.verify(w, r, query["role"], session.ForwardedClients{IDs: query["client"], Audiences: query["audience"]})
		}),
	}}
}

// verifyQuery describes the route. Its parameters may be repeated: any of the roles will
// do, a token of any of the clients, for any of the audiences.
type verifyQuery struct {
	Role string `query:"role" maxLength:"128"`
	// Client lets tokens of that client through, besides those of the realm itself.
	Client   string `query:"client" maxLength:"317"`
	Audience string `query:"audience" maxLength:"255"`
}

// verifyAnyRequest answers a gateway that asks with the method, the path and the
// query of the request it holds back, below ours (Envoy's ext_authz). The query
// is the client's then, and must choose neither roles nor clients.
func (a *API) verifyAnyRequest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.verify(w, r, nil, session.ForwardedClients{}) })
}

// verify reads no body and asks no database.
func (a *API) verify(w http.ResponseWriter, r *http.Request, roles []string, through session.ForwardedClients) {
	access, err := request.Bearer(r)
	bearer := session.Bearer{}
	if err == nil {
		bearer, err = a.Sessions.VerifyFor(r.Context(), access, roles, through)
	}
	if err != nil {
		a.problems.Write(w, r, err)
		return
	}
	subject, h := bearer.Subject, w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Auth-Client-Id", headerSafe(bearer.ClientID))
	h.Set("X-Auth-User-Id", headerSafe(subject.UserID))
	h.Set("X-Auth-Email", headerSafe(a.disclosedEmail(subject)))
	h.Set("X-Auth-Email-Verified", strconv.FormatBool(subject.EmailVerified))
	h.Set("X-Auth-Role", headerSafe(subject.Role))
	h.Set("X-Auth-Session-Id", headerSafe(subject.SessionID))
	w.WriteHeader(http.StatusOK)
}

// disclosedEmail is the address that an application may take for whom it is of: one
// that somebody only typed is nobody's. It stands in its header as an empty value,
// since there are gateways that let the client's pass for one that is absent.
func (a *API) disclosedEmail(s auth.Subject) string {
	if s.EmailVerified || a.Settings().ForwardAuth.UnverifiedEmail == realmconfig.SendUnverified {
		return s.Email
	}
	return ""
}

// headerSafe percent-encodes what cannot stand in a header, and "%" itself, so
// that no two values look the same to whoever trusts it.
func headerSafe(value string) string {
	b := strings.Builder{}
	for _, c := range []byte(value) {
		if c <= ' ' || c >= 0x7f || c == '%' {
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
