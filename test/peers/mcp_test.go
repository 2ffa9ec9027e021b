// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// newMCPServer is the client of an MCP server, whose resource it declares.
func newMCPServer(t *testing.T) client {
	t.Helper()
	return newClient(t, func(c *client) {
		c.ID, c.DisplayName, c.RedirectURIs, c.PostLogoutRedirectURIs = "notes.mcp", "Notes", nil, nil
		c.GrantTypes = []realmconfig.GrantType{realmconfig.TokenExchangeGrant}
		c.ProtectedResource = &realmconfig.ProtectedResource{Resource: c.origin + "/mcp", Scopes: []string{"notes:read"}}
	})
}

// newAgent is a declared client that may call an MCP server for people, who are asked.
func newAgent(t *testing.T, server client) client {
	t.Helper()
	return newClient(t, func(c *client) {
		c.ID, c.DisplayName, c.Consent = "agents.helper", "Helper", realmconfig.AskConsent
		c.Type, c.TokenEndpointAuthMethod, c.Secrets, c.secret = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil, ""
		c.Scopes, c.Audiences = []string{"openid", "notes:read"}, []string{server.ProtectedResource.Resource}
	})
}

// newStranger is an agent that nobody has declared: no client of the realm's, but a program.
func newStranger(t *testing.T) client {
	t.Helper()
	return newClient(t, func(c *client) { c.ID, c.secret = "", "" })
}

// called is what an agent has heard of the MCP server, or where it would send its person.
type called struct {
	// ID is what the agent calls itself at the realm, Client what the server calls it.
	ID, Client, Sub string
	Scopes, Aud     []string
	// Saved counts how often the agent was given tokens.
	Saved   int
	Address string
}

// serveMCP starts the server and the agent, which is told what it may be told of the realm
// beforehand.
func (r *realm) serveMCP(server, agent client, more ...string) {
	r.t.Helper()
	node := testenv.NewNode(r.t)
	p := r.program(server, "mcp-server.mjs")
	p.Environment = append(p.Environment, "RESOURCE="+server.ProtectedResource.Resource, "SCOPES=notes:read")
	p.Environment = append(p.Environment, more...)
	node.Serve(p)
	p = r.program(agent, "mcp-client.mjs")
	p.Environment = append(p.Environment, "ISSUER=", "RESOURCE="+server.ProtectedResource.Resource)
	p.Environment = append(p.Environment, more...)
	node.Serve(p)
}

// mustAuthorize is where the agent sends its person, who has to let it call the server.
func (v *visitor) mustAuthorize(r *realm, agent, server client) {
	v.t.Helper()
	v.open(agent.origin + "/")
	v.isAt(agent.origin+"/", http.StatusUnauthorized)
	asked := called{}
	decodeAs(v, http.StatusUnauthorized, &asked)
	to, err := url.Parse(asked.Address)
	if err != nil || !strings.HasPrefix(asked.Address, r.Config.Issuer+"/oauth2/authorize?") {
		v.t.Fatalf("the agent sends its person to %q", asked.Address)
	}
	query := to.Query()
	for name, want := range map[string]string{"resource": server.ProtectedResource.Resource, "scope": "notes:read", "code_challenge_method": "S256"} {
		if query.Get(name) != want {
			v.t.Errorf("%s is %q", name, query.Get(name))
		}
	}
	v.open(asked.Address)
}

// allows signs in where that is needed, and lets the agent call the server.
func (v *visitor) allows() {
	v.t.Helper()
	if v.at.Path == "/signin" {
		v.signsIn()
	}
	v.submit("/oauth2/decision", map[string]string{"answer": "allow"})
}

// The agent learns at the MCP server which realm gives tokens, asks for one that is for the
// server, is asked about, goes on by refreshes, and ends when its person says so.
func (r *realm) callsForAnn(server, agent client) called {
	r.t.Helper()
	v := r.newVisitor()
	v.mustAuthorize(r, agent, server)
	v.allows()
	v.isAt(agent.origin+"/", http.StatusOK)
	first := decode[called](v)
	if first.Sub != r.ann || first.Client != first.ID || first.Saved != 1 || !slices.Equal(first.Scopes, []string{"notes:read"}) ||
		!slices.Equal(first.Aud, []string{server.ProtectedResource.Resource}) {
		r.t.Errorf("the server is called by %+v", first)
	}

	v.open(agent.origin + "/")
	if again := decode[called](v); again.Saved != 1 {
		r.t.Errorf("a second call was by %+v", again)
	}
	r.Clock.Advance(time.Duration(max(agent.AccessTokenLifetime, r.Config.Tokens.AccessTokenLifetime)))
	v.open(agent.origin + "/")
	v.isAt(agent.origin+"/", http.StatusOK)
	if later := decode[called](v); later.Saved != 2 || later.Sub != r.ann || !slices.Equal(later.Aud, first.Aud) || !slices.Equal(later.Scopes, first.Scopes) {
		r.t.Errorf("after an hour, the server is called by %+v", later)
	}

	v.open(r.Config.Issuer + "/account")
	v.submit("/account/applications/revoke", nil)
	v.mustAuthorize(r, agent, server)
	v.allows() // who has taken it back is asked again
	v.isAt(agent.origin+"/", http.StatusOK)
	return first
}

// npm's @modelcontextprotocol/sdk is the official one of MCP, on both sides.
func TestMCP(t *testing.T) {
	t.Parallel()
	t.Run("with an agent that is declared", func(t *testing.T) {
		t.Parallel()
		server := newMCPServer(t)
		agent := newAgent(t, server)
		r := newRealm(t, server, agent)
		r.serveMCP(server, agent)
		r.callsForAnn(server, agent)
	})
	t.Run("with an agent that is known by its document", func(t *testing.T) {
		t.Parallel()
		server := newMCPServer(t)
		agent := newStranger(t)
		document := publish(t, agent)
		r := newRealmSet(t, func(c *realmconfig.Config) {
			c.Clients.AllowPrivateNetworks = true
			c.Clients.MetadataDocuments = &realmconfig.MetadataDocuments{Hosts: []string{document.Host}}
		}, server)
		r.serveMCP(server, agent, "METADATA_URL="+document.String())
		if got := r.callsForAnn(server, agent); got.ID != document.String() {
			t.Errorf("the agent is called %s", got.ID)
		}
	})
	t.Run("with an agent that registers itself", func(t *testing.T) {
		t.Parallel()
		server := newMCPServer(t)
		agent := newStranger(t)
		token := rand.Text() + rand.Text()
		r := newRealmSet(t, func(c *realmconfig.Config) {
			registration := realmconfig.DefaultClientRegistration()
			registration.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret(token)}
			c.Clients.Registration = &registration
		}, server)
		r.serveMCP(server, agent, "INITIAL_TOKEN="+token)
		if got := r.callsForAnn(server, agent); !realmconfig.IsRegisteredID(got.ID) {
			t.Errorf("the agent is called %s", got.ID)
		}
	})
	t.Run("with a server that knows the realm's keys", func(t *testing.T) {
		t.Parallel()
		server := newMCPServer(t)
		agent := newAgent(t, server)
		r := newRealm(t, server, agent)
		r.serveMCP(server, agent, "BY_KEYS=yes")
		v := r.newVisitor()
		v.mustAuthorize(r, agent, server)
		v.allows()
		v.isAt(agent.origin+"/", http.StatusOK)
		if got := decode[called](v); got.Sub != r.ann || got.Client != agent.ID {
			t.Errorf("the server is called by %+v", got)
		}
	})
}
