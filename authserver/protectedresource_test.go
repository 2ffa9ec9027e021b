// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// notesURL is a resource that the client notes answers requests for, and filesURL one without
// a path.
const (
	notesURL = "https://notes.example.com/mcp"
	filesURL = "https://files.example.com"
)

// answersFor lets a client declare a resource.
func answersFor(resource string, scopes ...string) func(*oauthClient) {
	return func(c *oauthClient) {
		c.ProtectedResource = &realmconfig.ProtectedResource{Resource: resource, Scopes: scopes, Documentation: "https://example.com/docs"}
	}
}

// newAgent is a program of somebody else's that calls resources for people.
func newAgent(changes ...func(*realmconfig.Client)) realmconfig.Client {
	return newWebClient(append([]func(*realmconfig.Client){publicClient, func(c *realmconfig.Client) {
		c.ID, c.DisplayName, c.Audiences = "agents.helper", "Helper", []string{notesURL, filesURL, orders}
		c.Scopes = append(c.Scopes, "notes:read", "notes:write")
	}}, changes...)...)
}

// newRealmOfResources has clients that answer for notesURL and filesURL, others, and an agent
// that may have tokens for both.
func newRealmOfResources(t *testing.T, agent realmconfig.Client, others ...oauthClient) (r *realm, notes, files oauthClient) {
	t.Helper()
	notes = newOAuthClient("notes", exchanges(orders), answersFor(notesURL, "notes:read", "notes:write"), func(c *oauthClient) {
		c.Scopes = append(c.Scopes, "notes:read")
	})
	files = newOAuthClient("files", answersFor(filesURL))
	r = newRealmOfClients(t, agent, notes.Client, files.Client)
	r.Config.Clients.Audiences = []string{notesURL, filesURL, orders}
	for _, c := range others {
		r.Clients = append(r.Clients, c.Client)
	}
	r.Update()
	return r, notes, files
}

func TestAResourceIsDescribed(t *testing.T) {
	t.Parallel()
	secret := newOAuthClient("secret", answersFor("https://secret.example.com/mcp"))
	squatter := newOAuthClient("squatter", answersFor(notesURL, "notes:all"), func(c *oauthClient) { c.Since = c.Since.Add(time.Minute) })
	r, notes, files := newRealmOfResources(t, newAgent(), secret, squatter)
	s := r.serve()
	at := func(host, path string) answer {
		r := newRequest(t, http.MethodGet, path, nil)
		if host != "" {
			r.Host = host
		}
		return s.do(r)
	}
	const own, wellKnown = "/oauth2/protected-resources/", "/.well-known/oauth-protected-resource"
	for name, c := range map[string]struct{ host, path string }{
		"at the realm":               {"", own + notes.ID},
		"where the resource is":      {"notes.example.com", wellKnown + "/mcp"},
		"there, in capitals":         {"Notes.Example.COM", wellKnown + "/mcp"},
		"without a slash at its end": {"files.example.com", wellKnown},
		"with it":                    {"files.example.com", wellKnown + "/"},
	} {
		a := at(c.host, c.path)
		want := map[string]any{
			"resource": notesURL, "authorization_servers": []any{issuer}, "scopes_supported": []any{"notes:read", "notes:write"},
			"bearer_methods_supported": []any{"header"}, "resource_name": notes.DisplayName, "resource_documentation": "https://example.com/docs",
		}
		if c.host == "files.example.com" {
			want["resource"], want["resource_name"] = filesURL, files.DisplayName
			delete(want, "scopes_supported")
		}
		if got := decode[map[string]any](t, a, http.StatusOK); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it is %v, want %v", name, got, want)
		}
		h := a.Header
		if h.Get("Content-Type") != "application/json" || h.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(h.Get("Cache-Control"), "public, ") ||
			(h.Get("Strict-Transport-Security") != "") != (c.host == "") {
			t.Errorf("%s: the headers are %v", name, h)
		}
	}
	for name, c := range map[string]struct{ host, path string }{
		"a client that is none":               {"", own + "shop.other"},
		"a client without a resource":         {"", own + "agents.helper"},
		"one that the realm does not allow":   {"", own + secret.ID},
		"that, where it is":                   {"secret.example.com", wellKnown + "/mcp"},
		"one that another has declared first": {"", own + squatter.ID},
		"the realm's own application":         {"", own + realmconfig.FirstPartyID},
		"nobody":                              {"", own},
		"another host":                        {"evil.example", wellKnown + "/mcp"},
		"the realm's host":                    {"", wellKnown + "/mcp"},
		"another path":                        {"notes.example.com", wellKnown},
		"a path below":                        {"notes.example.com", wellKnown + "/mcp/x"},
		"a path in disguise":                  {"notes.example.com", wellKnown + "/m%63p"},
	} {
		if a := at(c.host, c.path); a.Status != http.StatusNotFound {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
}

// A gateway says which host is asked, and nobody can say it beside it.
func TestAResourceIsDescribedThroughAGateway(t *testing.T) {
	t.Parallel()
	r, _, _ := newRealmOfResources(t, newAgent())
	s := r.serve()
	ask := newRequest(t, http.MethodGet, "/.well-known/oauth-protected-resource/mcp", nil)
	ask.Header.Set("X-Forwarded-Host", "notes.example.com")
	if got := decode[map[string]any](t, s.do(ask), http.StatusOK); got["resource"] != notesURL {
		t.Errorf("it is %v", got)
	}
	ask.Header.Add("X-Forwarded-Host", "files.example.com")
	s.do(ask).Expect(t, http.StatusNotFound, "not_found")
}

func TestATokenIsForTheResourceThatWasAskedFor(t *testing.T) {
	t.Parallel()
	agent := newAgent()
	r, _, _ := newRealmOfResources(t, agent)
	s := r.serve()
	a := s.newApplication(agent, "openid", "notes:read")
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	named := func(values url.Values, resources ...string) url.Values {
		values["resource"] = resources
		return values
	}
	refreshed := func(h clientTokens) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.Refresh}}
	}
	for name, c := range map[string]struct{ asked, written, listed string }{
		"with a path":                     {notesURL, notesURL, notesURL},
		"without one":                     {filesURL, filesURL, filesURL},
		"without one, as libraries write": {filesURL + "/", filesURL + "/", filesURL},
		"without one, in either way":      {filesURL + "/", filesURL, filesURL},
	} {
		for way, address := range map[string]func(*flow) string{
			"in the address": func(f *flow) string { return f.address(param("resource", c.asked)) },
			"pushed":         func(f *flow) string { return f.pushed(func(v url.Values) { v.Set("resource", c.asked) }) },
		} {
			f := a.newFlow()
			b.open(address(f))
			h := decode[clientTokens](t, a.token(named(f.redemption(f.code(b)), c.written)), http.StatusOK)
			again := decode[clientTokens](t, a.token(named(refreshed(h), c.written)), http.StatusOK)
			without := decode[clientTokens](t, a.token(refreshed(again)), http.StatusOK)
			for _, access := range []string{h.Access, again.Access, without.Access} {
				suite.secrets.used(access)
				if claims := claimsOf(t, access); fmt.Sprint(claims["aud"]) != "["+c.listed+"]" || claims["scope"] != "openid notes:read" {
					t.Errorf("%s, %s: the token says %v", name, way, claims)
				}
			}
			suite.secrets.used(h.Refresh, again.Refresh, without.Refresh)
			refused(t, a.token(named(refreshed(without), orders)), http.StatusBadRequest, "invalid_target")
			refused(t, a.token(named(refreshed(without), c.listed+"/x")), http.StatusBadRequest, "invalid_target")
		}
	}
}

func TestAResourceServerIsShownTokensForIt(t *testing.T) {
	t.Parallel()
	agent := newAgent()
	squatter := newOAuthClient("squatter", exchanges(orders), answersFor(notesURL), func(c *oauthClient) { c.Since = c.Since.Add(time.Minute) })
	r, notes, files := newRealmOfResources(t, agent, squatter)
	s := r.serve()
	a, b := s.newApplication(agent, "openid", "notes:read"), s.newPageBrowser()
	forNotes := a.newFlow().signIn(b, param("resource", notesURL))
	forOthers := a.newFlow().signIn(b, param("resource", orders)).AccessToken
	forAll := a.newFlow().signIn(b).AccessToken

	for _, token := range []string{forNotes.AccessToken, forAll} {
		told := s.introspect(notes, token)
		if told["active"] != true || told["client_id"] != agent.ID || told["sub"] != forNotes.claims["sub"] || told["scope"] != "openid notes:read" {
			t.Errorf("it is told %v", told)
		}
	}
	s.knowsNothing(notes, "for another resource", forOthers)
	s.knowsNothing(notes, "for itself", s.tokenFor(squatter, nil).Access)
	s.knowsNothing(files, "for another resource", forNotes.AccessToken)
	s.knowsNothing(squatter, "for the resource of another", forNotes.AccessToken)

	// It acts for the user with a token of its own.
	if _, claims := s.mustExchange(notes, forNotes.AccessToken, url.Values{"audience": {orders}, "scope": {"notes:read"}}); claims["sub"] != forNotes.claims["sub"] ||
		fmt.Sprint(claims["act"]) != "map[sub:"+notes.ID+"]" {
		t.Errorf("the exchanged token says %v", claims)
	}
	for _, token := range []string{forOthers} {
		s.refuses(s.exchangeToken(notes, token, url.Values{"audience": {orders}}), http.StatusBadRequest, "invalid_request")
	}
	s.refuses(s.exchangeToken(squatter, forNotes.AccessToken, url.Values{"audience": {orders}}), http.StatusBadRequest, "invalid_request")

	// The realm can take a resource back.
	s.Change(func(c *realmconfig.Config) { c.Clients.Audiences = []string{orders} })
	s.knowsNothing(notes, "for what the realm allows no longer", forNotes.AccessToken)
}

// Whom a client is for that answers for a resource, its declaration says, whoever asks.
func TestAResourceIsForWhomItsClientSays(t *testing.T) {
	t.Parallel()
	agent := newAgent()
	r, _, _ := newRealmOfResources(t, agent)
	forStaff(&r.Clients[1])
	r.Update()
	s := r.serve()
	staff := s.newStaff()
	a, b := s.newApplication(agent, "openid", "notes:read"), s.newPageBrowser()
	f := a.newFlow()
	h, both := a.newFlow().signIn(b, param("resource", notesURL)), f.signIn(b)

	staff.leave()
	refused(t, a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	if aud := claimsOf(t, f.refresh(both.RefreshToken).AccessToken)["aud"]; fmt.Sprint(aud) != fmt.Sprint([]string{filesURL, orders}) {
		t.Errorf("the rest of the grant is for %v", aud)
	}
	b.open(a.newFlow().address(param("resource", notesURL)))
	if b.away != nil || b.status != http.StatusForbidden {
		t.Errorf("is at %s with %d:\n%s", b.at, b.status, b.text())
	}
	f = a.newFlow()
	b.open(f.address())
	if aud := claimsOf(t, f.exchange(f.code(b)).AccessToken)["aud"]; fmt.Sprint(aud) != fmt.Sprint([]string{filesURL, orders}) {
		t.Errorf("a new grant is for %v", aud)
	}
}

// Whoever lets an application call one resource has not let it call another.
func TestPeopleAreAskedAboutEachResource(t *testing.T) {
	t.Parallel()
	agent := newAgent(asking)
	r, _, _ := newRealmOfResources(t, agent)
	s := r.serve()
	a, b := s.newApplication(agent, "openid", "notes:read"), s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	begin := func(resource string, also ...oauth2.AuthCodeOption) *flow {
		f := a.newFlow()
		b.away = nil
		b.open(f.address(append(also, param("resource", resource))...))
		return f
	}
	f := begin(notesURL)
	b.isAsked("Allow Helper?", "do what it calls “notes:read”", "act in your name at "+notesURL)
	b.answers("allow")
	f.exchange(f.code(b))
	begin(notesURL).code(b)

	begin(filesURL, param("prompt", "none")).refusedWith(b, "consent_required")
	f = begin(filesURL + "/")
	b.isAsked("act in your name at " + filesURL)
	if strings.Contains(b.text(), notesURL) {
		t.Errorf("more is said than was asked for:\n%s", b.text())
	}
	b.answers("allow")
	f.exchange(f.code(b))
	for _, resource := range []string{notesURL, filesURL} {
		begin(resource).code(b)
	}
	b.open("/account")
	b.sees("/account", http.StatusOK, "act in your name at "+notesURL, "act in your name at "+filesURL)
	agreed := s.applications(s.pagesOf(b).Access).Applications
	if len(agreed) != 1 || !slices.Equal(agreed[0].Resources, []string{filesURL, notesURL}) || !slices.Equal(agreed[0].Scopes, []string{"notes:read", "openid"}) {
		t.Errorf("the API lists %+v", agreed)
	}

	// What is agreed to at one resource does not count at another.
	a = s.newApplication(agent, "openid", "notes:write")
	begin(notesURL, param("prompt", "none")).refusedWith(b, "consent_required")
	f = begin(notesURL)
	b.isAsked("do what it calls “notes:write”", "act in your name at "+notesURL)
	if n := strings.Count(b.text(), "notes:write"); n != 1 {
		t.Errorf("the scope is told of %d times:\n%s", n, b.text())
	}
	b.answers("allow")
	f.exchange(f.code(b))
	begin(notesURL).code(b)
	begin(filesURL, param("prompt", "none")).refusedWith(b, "consent_required")
	f = begin(filesURL)
	b.isAsked("do what it calls “notes:write”", "act in your name at "+filesURL)
	b.answers("allow")
	f.exchange(f.code(b))
	begin(filesURL).code(b)
}
