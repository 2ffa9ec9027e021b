// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// askingFor is a client as it may ask for resources. One that has registered itself has the
// scopes of the resource that it asks for, beside those of its own; but none of those by which
// the realm says more of a user.
func (s *Service) askingFor(client realmconfig.Client, resources []string) realmconfig.Client {
	if !client.RegisteredItself() {
		return client
	}
	scopes := slices.Clone(client.Scopes)
	for _, resource := range resources {
		if server, declared := s.Clients.ResourceServer(resource); declared {
			scopes = append(scopes, slices.DeleteFunc(slices.Clone(server.ProtectedResource.Scopes), aboutUser)...)
		}
	}
	client.Scopes = scopes
	return client
}

// documentHost is that of the address that is the id of a client; empty for any other id.
func documentHost(client realmconfig.Client) string {
	u, err := url.Parse(client.ID)
	if err != nil || !realmconfig.IsDocumentID(client.ID) {
		return ""
	}
	return u.Host
}

// isStranger reports whether nobody who is signed in in the browser has ever agreed to a client
// that has registered itself. A refusal that sends people there at once would make the realm's
// own address lead wherever the client likes (RFC 9700, section 4.11.2).
func (s *Service) isStranger(r *http.Request, to target) bool {
	if !to.client.RegisteredItself() {
		return false
	}
	who, err := to.visitor()
	if err != nil || who == nil {
		return true
	}
	agreed, err := s.Grants.Consented(r.Context(), grant.Consent{UserID: who.UserID, ClientID: to.client.ID, ClientSince: to.client.Since})
	return err != nil || !agreed
}

// audienceOfRegistered is whom a token is for of a client that has registered itself: the one
// resource that it asks for, or the client where it asks for none. With a token for two, each
// of them could go to the other. It refuses with InvalidTarget.
func (s *Service) audienceOfRegistered(client realmconfig.Client, resources []string) ([]string, error) {
	switch {
	case len(resources) == 0, len(resources) == 1 && resources[0] == client.ID:
		return []string{client.ID}, nil
	case len(resources) > 1:
		return nil, refuse(InvalidTarget, "A client that has registered itself may ask for one resource at a time.")
	}
	server, declared := s.Clients.ResourceServer(resources[0])
	if !declared {
		return nil, refuse(InvalidTarget, "The realm has no such resource.")
	}
	return []string{server.ProtectedResource.Resource}, nil
}

// mayBeFor reports whether tokens of a client may be for an audience now.
func (s *Service) mayBeFor(client realmconfig.Client, audience string) bool {
	if client.RegisteredItself() {
		_, declared := s.Clients.ResourceServer(audience)
		return audience == client.ID || declared
	}
	return audience == client.ID || slices.Contains(s.Clients.Audiences(client), audience)
}
