// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func resourceOf(c realmconfig.Client, resource string) realmconfig.Client {
	c.ProtectedResource = &realmconfig.ProtectedResource{Resource: resource}
	return c
}

func TestProtectedResources(t *testing.T) {
	t.Parallel()
	const lowerCase, plainPath = "protectedResource.resource: must be written as browsers do", "protectedResource.resource: must have a path without"
	for name, c := range map[string]struct{ resource, problem string }{
		"a path":                   {"https://mcp.example.com/mcp", ""},
		"a host":                   {"https://mcp.example.com", ""},
		"the root":                 {"https://mcp.example.com/", ""},
		"a port":                   {"https://mcp.example.com:8443/mcp", ""},
		"a developer's machine":    {"http://localhost:3000/mcp", ""},
		"an escape":                {"https://mcp.example.com/a%20b", ""},
		"nothing":                  {"", "protectedResource.resource: must be 1 to 255 bytes"},
		"a name":                   {"mcp", "protectedResource.resource: must be a URL"},
		"too long":                 {"https://mcp.example.com/" + strings.Repeat("a", 232), "protectedResource.resource: must be 1 to 255 bytes"},
		"in plain":                 {"http://mcp.example.com/mcp", "protectedResource.resource: must start with https://"},
		"an app":                   {"com.example.app:/mcp", "protectedResource.resource: must start with https://"},
		"a fragment":               {"https://mcp.example.com/mcp#a", "protectedResource.resource: must have no fragment"},
		"a query":                  {"https://mcp.example.com/mcp?a=b", "protectedResource.resource: must have no query"},
		"a query without a word":   {"https://mcp.example.com/mcp?", "protectedResource.resource: must have no query"},
		"a user":                   {"https://hunter2@mcp.example.com/mcp", "protectedResource.resource: must have no user"},
		"every host":               {"https://*.example.com/mcp", "protectedResource.resource: must be one URL"},
		"capitals":                 {"https://MCP.example.com/mcp", lowerCase},
		"the port of all":          {"https://mcp.example.com:443/mcp", lowerCase},
		"an address in long":       {"https://[2001:0db8::1]/mcp", lowerCase},
		"above":                    {"https://mcp.example.com/a/../mcp", plainPath},
		"a slash too many":         {"https://mcp.example.com//mcp", plainPath},
		"a slash that is disguise": {"https://mcp.example.com/a%2fmcp", plainPath},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectProblem(t, resourceOf(goodClient(), c.resource).Validate(), c.problem)
		})
	}
}

func TestWhatElseIsSaidOfAProtectedResource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*realmconfig.ProtectedResource)
		problem string
	}{
		"scopes":                    {func(r *realmconfig.ProtectedResource) { r.Scopes = []string{"mcp:tools", "a"} }, ""},
		"a scope twice":             {func(r *realmconfig.ProtectedResource) { r.Scopes = []string{"a", "a"} }, "protectedResource.scopes[1]: stands twice"},
		"two scopes in one":         {func(r *realmconfig.ProtectedResource) { r.Scopes = []string{"a b"} }, "protectedResource.scopes[0]: "},
		"documentation":             {func(r *realmconfig.ProtectedResource) { r.Documentation = "https://mcp.example.com/docs#all" }, ""},
		"documentation by a script": {func(r *realmconfig.ProtectedResource) { r.Documentation = "javascript:alert(1)" }, "protectedResource.documentation: must be a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := resourceOf(goodClient(), "https://mcp.example.com/mcp")
			c.change(client.ProtectedResource)
			expectProblem(t, client.Validate(), c.problem)
		})
	}
}

func TestWhatLiesAtAResource(t *testing.T) {
	t.Parallel()
	const mcp, host = "https://mcp.example.com/mcp", "https://mcp.example.com"
	for name, c := range map[string]struct {
		resource, address string
		want              bool
	}{
		"itself":                     {mcp, mcp, true},
		"with a query":               {mcp, mcp + "?x=../y", true},
		"with a slash":               {mcp, mcp + "/", true},
		"below":                      {mcp, mcp + "/a%20b/c", true},
		"a path with a slash":        {mcp + "/", mcp, true},
		"a host":                     {host, host, true},
		"anything at a host":         {host, host + "/a", true},
		"anything at a root":         {host + "/", host + "/a", true},
		"what begins alike":          {mcp, mcp + "2", false},
		"beside":                     {mcp, host + "/", false},
		"nothing":                    {mcp, "", false},
		"another host":               {host, host + ".evil.example/", false},
		"another port":               {host, host + ":8443/", false},
		"a user":                     {host, host + "@evil.example/", false},
		"another scheme":             {mcp, "http://mcp.example.com/mcp", false},
		"above":                      {mcp, mcp + "/../admin", false},
		"above, in disguise":         {mcp, mcp + "/%2E%2e/admin", false},
		"a slash that is disguise":   {mcp, mcp + "/..%2fadmin", false},
		"a backslash":                {mcp, mcp + `/..\admin`, false},
		"a slash too many":           {mcp, mcp + "//admin", false},
		"a fragment":                 {mcp, mcp + "/#/../admin", false},
		"itself, letters in another": {mcp, "https://mcp.example.com/MCP", false},
	} {
		if got := (realmconfig.ProtectedResource{Resource: c.resource}).Holds(c.address); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestTheSameResource(t *testing.T) {
	t.Parallel()
	const host = "https://mcp.example.com"
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"itself":                     {host + "/mcp", host + "/mcp", true},
		"a host with its root":       {host, host + "/", true},
		"a root with its host":       {host + "/", host, true},
		"a path with a slash behind": {host + "/mcp", host + "/mcp/", false},
		"another path":               {host + "/mcp", host + "/mc", false},
		"another host":               {host, host + ".evil.example", false},
		"a host with a query":        {host, host + "?", false},
		"names":                      {"orders", "orders/", false},
	} {
		if got := realmconfig.SameResource(c.a, c.b); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Whatever is taken for a resource, it lies at itself, is the same as itself, and is at the host
// that every URL library reads in it.
func FuzzProtectedResource(f *testing.F) {
	for _, seed := range []string{"https://mcp.example.com/mcp", "https://mcp.example.com", "http://localhost:3000/", "https://[2001:db8::1]/a", "https://a/..", "https://a@b/", "https://A/", "https://a:443", "https://a/%2f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		client := resourceOf(goodClient(), text)
		if client.Validate() != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.String() != text {
			t.Errorf("%q is read as %v, %v", text, u, err)
		}
		if !client.ProtectedResource.Holds(text) || !realmconfig.SameResource(text, text) || client.ProtectedResource.Holds("https://evil.example/") && u.Host != "evil.example" {
			t.Errorf("%q does not lie at itself, or elsewhere", text)
		}
	})
}

// Whoever could declare a resource that is another's could give it scopes.
func TestAResourceIsOfTheClientThatDeclaredItFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const mcp = "https://mcp.example.com"
	ids := neighbours("shop.web", 4)
	first, second, other, none := resourceOf(named(ids[0]), mcp), resourceOf(named(ids[1]), mcp+"/"), resourceOf(named(ids[2]), mcp+"/mcp"), named(ids[3])
	second.Since = first.Since.Add(time.Second)
	shard := realmconfig.ClientShard(first.ID)
	load := func(last *realmconfig.ClientSet, clients ...realmconfig.Client) *realmconfig.ClientSet {
		writeShard(t, dir, shard, encodeClients(t, document(clients...)))
		return realmconfig.LoadClients(dir, last)
	}

	set := load(nil, second, first, other, none)
	for _, resource := range []string{mcp, mcp + "/"} {
		if c, found := set.ResourceServer(resource); !found || c.ID != first.ID {
			t.Errorf("%s is of %q", resource, c.ID)
		}
	}
	if c, found := set.ResourceServer(mcp + "/other"); found {
		t.Errorf("what nobody declares is of %q", c.ID)
	}
	problems := reportOf(set).ClientProblems
	if len(problems) != 1 || !strings.Contains(problems[second.ID], "another client declares it") {
		t.Errorf("the report says %v", problems)
	}

	// The second has it once the first has gone.
	set = load(set, second, other, none)
	if c, _ := set.ResourceServer(mcp); c.ID != second.ID {
		t.Errorf("it is of %q then", c.ID)
	}
	if problems := reportOf(set).ClientProblems; len(problems) != 0 {
		t.Errorf("the report says %v then", problems)
	}
}
