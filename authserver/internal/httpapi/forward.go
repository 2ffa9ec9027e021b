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
			a.verify(w, r, r.URL.Query()["role"])
		}),
	}}
}

// verifyQuery describes the route. Its parameter may be repeated: any of the
// roles will do.
type verifyQuery struct {
	Role string `query:"role" maxLength:"128"`
}

// verifyAnyRequest answers a gateway that asks with the method, the path and the
// query of the request it holds back, below ours (Envoy's ext_authz). The query
// is the client's then, and must not choose the roles.
func (a *API) verifyAnyRequest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.verify(w, r, nil) })
}

// verify reads no body and asks no database.
func (a *API) verify(w http.ResponseWriter, r *http.Request, roles []string) {
	access, err := request.Bearer(r)
	subject := auth.Subject{}
	if err == nil {
		subject, err = a.Sessions.Verify(r.Context(), access, roles)
	}
	if err != nil {
		a.problems.Write(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
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
