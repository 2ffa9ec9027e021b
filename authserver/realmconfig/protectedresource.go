// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
)

// ProtectedResource is what a client answers requests for, beside what it asks for itself: an
// address that other clients call with an access token whose audience is that address
// (RFC 9728; RFC 8707).
type ProtectedResource struct {
	// Resource is the URL, as whoever calls it writes it: https, or http on the own machine,
	// of 1 to 255 bytes, without query and fragment. It is one of the realm's
	// Clients.Audiences, or nobody has a token for it.
	Resource string `json:"resource"`
	// Scopes are those that mean something there, fifty at most.
	Scopes []string `json:"scopes,omitempty"`
	// Documentation is a page for people who write clients; empty for none.
	Documentation string `json:"documentation,omitempty"`
}

func (r ProtectedResource) validate(p *problems) {
	if err := checkResource(r.Resource); err != nil {
		p.check(false, "protectedResource.resource: %w", err)
	}
	distinct(p, "protectedResource.scopes", r.Scopes, MaxScopes, isScope, "must be printable ASCII without spaces, quotes and backslashes")
	p.check(r.Documentation == "" || isHTTP(r.Documentation) && isVisible(r.Documentation) && len(r.Documentation) <= MaxClientURI,
		"protectedResource.documentation: must be a URL")
}

// checkResource says why a text is no resource identifier (RFC 9728, section 1.2) that every
// library writes in the same way. The error does not quote it.
func checkResource(text string) error {
	if !isAudience(text) {
		return errors.New("must be 1 to 255 bytes of ASCII without spaces")
	}
	if err := CheckRedirectURI(ConfidentialClient, text); err != nil {
		return err
	}
	u, err := url.Parse(text)
	if err != nil || strings.Contains(text, "?") {
		return errors.New("must have no query")
	}
	origin, err := Origin(u)
	if err != nil {
		return err
	}
	if path, found := strings.CutPrefix(text, origin); !found || path != u.EscapedPath() {
		return errors.New("must be written as browsers do: the host in lower case, and no port that goes without saying")
	}
	if !IsPlainPath(u.EscapedPath()) {
		return errors.New("must have a path without .., //, ; or \\ that a server could read otherwise")
	}
	return nil
}

// Holds reports whether what somebody asks for lies at the resource: its own address, or one
// below that, which no server could read as another.
func (r ProtectedResource) Holds(address string) bool {
	address, _, _ = strings.Cut(address, "?")
	rest, found := strings.CutPrefix(address, strings.TrimSuffix(r.Resource, "/"))
	return found && (rest == "" || rest[0] == '/') && IsPlainPath(rest) && !strings.ContainsAny(rest, `\#`)
}

// SameResource reports whether two identifiers are of one resource: a URL without a path is
// the one with the path / (RFC 3986, section 6.2.3), and libraries write the one for the other.
func SameResource(a, b string) bool { return a == b || withPath(a) == withPath(b) }

func withPath(resource string) string {
	if scheme, rest, found := strings.Cut(resource, "://"); found && (scheme == "https" || scheme == "http") && !strings.ContainsAny(rest, "/?#") {
		return resource + "/"
	}
	return resource
}

// ResourceServer is the client that declares a resource: of several, the one that came to be
// first, so that nobody takes a resource over, nor gives it scopes.
func (s *ClientSet) ResourceServer(resource string) (Client, bool) {
	if s == nil {
		return Client{}, false
	}
	return s.Find(s.resources[withPath(resource)])
}

// takeResource remembers whose resource a client's is.
func (s *ClientSet) takeResource(c Client) {
	if c.ProtectedResource == nil {
		return
	}
	if s.resources == nil {
		s.resources = map[string]string{}
	}
	resource := withPath(c.ProtectedResource.Resource)
	first, taken := s.clients[s.resources[resource]]
	if !taken || cmp.Or(c.Since.Compare(first.Since), cmp.Compare(c.ID, first.ID)) < 0 {
		s.resources[resource] = c.ID
	}
}

// resourceProblem says that the resource of a client is another's; empty for any other client.
func (s *ClientSet) resourceProblem(c Client) string {
	if c.ProtectedResource == nil || s.resources[withPath(c.ProtectedResource.Resource)] == c.ID {
		return ""
	}
	return "protectedResource.resource: another client declares it, and did so first"
}
