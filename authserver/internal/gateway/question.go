// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// question is what a gateway asks about a request that it holds back, or the request itself
// where it leads that to the realm.
type question struct {
	client realmconfig.Client
	// origin is the application's, as the client has registered it, and method what the
	// visitor has sent.
	origin, method string
	// to is where the visitor wants to go: a path of the application's, with its query.
	// Address is what they ask for, as far as the gateway says it.
	to, address string
	demands
	// navigates is set for a browser that opens a page, and so can be sent elsewhere.
	navigates bool
	// signsIn is set where people sign in at the application. Others have nothing there but
	// a protected resource, which programs call.
	signsIn bool
}

// questionOf reads a question. The client is that of the path, which the gateway has
// written, and of nothing that a visitor could send; the host must be one where the client
// has registered the realm's callback, or that of its protected resource. It refuses with
// ClientRequestInvalid.
func (s *Service) questionOf(r *http.Request) (question, error) {
	about, once := request.ForwardedBy(r, s.Settings().Network)
	if !once {
		return question{}, auth.Refuse(auth.ClientRequestInvalid)
	}
	q := question{method: about.Method, to: returnPath(about.URI), navigates: navigates(about.Method, r.Header)}
	id := r.PathValue("client")
	if realmconfig.IsSelfRegisteredID(id) { // whoever rules the cluster names those that gateways ask for
		return q, auth.RefuseBecause(auth.ClientRequestInvalid, auth.ClientUnknown)
	}
	client, known, err := s.Clients.Find(r.Context(), id)
	if err != nil {
		return q, err
	}
	if q.client = client; !known || client.IsFirstParty() {
		return q, auth.RefuseBecause(auth.ClientRequestInvalid, auth.ClientUnknown)
	}
	if q.origin, q.signsIn = originAt(q.client, about.Host); !q.signsIn {
		resource, _ := s.Clients.Resource(q.client)
		if q.origin, known = originOf(resource, about.Host); !known {
			return q, auth.RefuseBecause(auth.ClientRequestInvalid, auth.RedirectURIUnknown)
		}
	}
	q.navigates, q.address = q.navigates && q.signsIn, q.origin+about.URI
	asked := Path + q.client.ID
	if r.URL.Path != asked { // the gateway asks with the path and the query of the visitor's request
		uri := strings.TrimPrefix(r.URL.RequestURI(), asked)
		q.to, q.address = returnPath(uri), q.origin+uri
		return q, nil
	}
	demands, err := demandsOf(r.URL.RawQuery)
	q.demands = demands
	return q, err
}

// callback is where the answers of the authorization endpoint go.
func (q question) callback() string { return q.origin + callbackPath }

// originAt is the origin of the one application of a client that is at a host, letter by
// letter: where the client has registered the realm's callback there.
func originAt(client realmconfig.Client, host string) (string, bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if client.AllowsRedirectURI(scheme + host + callbackPath) {
			return scheme + host, true
		}
	}
	return "", false
}

// originOf is the origin of a protected resource that is at a host, letter by letter.
func originOf(resource realmconfig.ProtectedResource, host string) (string, bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if host != "" && (resource.Resource == scheme+host || strings.HasPrefix(resource.Resource, scheme+host+"/")) {
			return scheme + host, true
		}
	}
	return "", false
}

// navigates reports whether a browser opens a page with a request: it can be sent to sign in,
// and comes back to what it asked for. Newer browsers say so; others want a document.
func navigates(method string, h http.Header) bool {
	if method != http.MethodGet || !strings.Contains(h.Get("Accept"), "text/html") || h.Get("X-Requested-With") != "" {
		return false
	}
	mode, dest := h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// longestReturn is in bytes: sealed, an address has to find room in a cookie. A longer one is
// forgotten, and its visitor begins anew.
const longestReturn = 1500

// returnPath is a path with its query to which a visitor may come back, on the host that it
// was asked for at; the start for anything else.
func returnPath(uri string) string {
	const start = "/"
	if len(uri) > longestReturn || !strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "//") || strings.ContainsFunc(uri, notInPath) {
		return start
	}
	u, err := url.ParseRequestURI(uri)
	if err != nil || u.Host != "" || strings.HasPrefix(u.Path, ownPath) {
		return start
	}
	return uri
}

// notInPath finds what no address has that a browser has written, and what it would read in
// another way.
func notInPath(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\\\"<>#", c) }
