// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	const https, ascii = "must start with https://", "must be a URL in ASCII"
	// The problem of a confidential client, and of a public one; good is for none.
	const good = ""
	for name, c := range map[string]struct{ uri, confidential, public string }{
		"a page":                        {"https://app.example.com/callback", good, good},
		"a page at a port":              {"https://app.example.com:8443/callback", good, good},
		"a host":                        {"https://app.example.com", good, good},
		"an address":                    {"https://192.0.2.7/callback", good, good},
		"an IPv6 address":               {"https://[2001:db8::1]/callback", good, good},
		"a page with a query":           {"https://app.example.com/callback?tenant=1&x=%20", good, good},
		"the own machine":               {"http://127.0.0.1/callback", good, good},
		"the own machine at a port":     {"http://127.0.0.1:8080/callback", good, good},
		"the own machine, by IPv6":      {"http://[::1]:8080", good, good},
		"the own machine, by name":      {"http://localhost:8080/?a=b", good, good},
		"a scheme of an application":    {"com.example.app:/callback", https, good},
		"such a scheme, with a host":    {"com.example.app://callback/x", https, good},
		"a scheme without a dot":        {"myapp:/callback", https, "or with a scheme that has a dot"},
		"another host without TLS":      {"http://app.example.com/callback", https, https},
		"a host that begins as ours":    {"http://127.0.0.1.example.com/callback", https, https},
		"a host that begins as a name":  {"http://localhost.example.com/", https, https},
		"another loopback address":      {"http://127.0.0.2/callback", https, https},
		"loopback as a number":          {"http://2130706433/callback", https, https},
		"loopback as a user":            {"http://127.0.0.1:80@example.com/", "must have no user", "must have no user"},
		"loopback at port 0":            {"http://127.0.0.1:0/", https, https},
		"loopback at no such port":      {"http://127.0.0.1:65536/", https, https},
		"loopback with an empty port":   {"http://127.0.0.1:/", https, https},
		"a user":                        {"https://hunter2@app.example.com/", "must have no user", "must have no user"},
		"a user of nothing":             {"https://@app.example.com/", "must have no user", "must have no user"},
		"a fragment":                    {"https://app.example.com/#a", "must have no fragment", "must have no fragment"},
		"an empty fragment":             {"https://app.example.com/#", "must have no fragment", "must have no fragment"},
		"every host":                    {"https://*.example.com/", "without *", "without *"},
		"every path":                    {"https://app.example.com/*", "without *", "without *"},
		"a program":                     {"javascript:alert(1)", https, "that has a dot"},
		"a document":                    {"data:text/html,x", https, "that has a dot"},
		"a file":                        {"file:///etc/passwd", https, "that has a dot"},
		"no scheme":                     {"//app.example.com/", "must be a URL such as", "must be a URL such as"},
		"a path":                        {"/callback", "must be a URL such as", "must be a URL such as"},
		"nothing":                       {"", ascii, ascii},
		"no host":                       {"https:///callback", "must be a URL such as", "must be a URL such as"},
		"no host, and no slashes":       {"https:app.example.com", "must be a URL such as", "must be a URL such as"},
		"no such port":                  {"https://app.example.com:99999/", "must be a URL such as", "must be a URL such as"},
		"a host that is a number":       {"https://1.2.3/", "must have a host name", "must have a host name"},
		"a space":                       {"https://app.example.com/a b", ascii, ascii},
		"a line":                        {"https://app.example.com/\n", ascii, ascii},
		"a backslash":                   {`https://app.example.com\@example.com/`, ascii, ascii},
		"letters of others":             {"https://äpp.example.com/", ascii, ascii},
		"what an answer says":           {"https://app.example.com/?code=a", "must not have the parameter code", "must not have the parameter code"},
		"what an answer says, escaped":  {"https://app.example.com/?%73tate=a", "must not have the parameter state", "must not have the parameter state"},
		"a query that is read two ways": {"https://app.example.com/?a=b;c=d", "must have a query", "must have a query"},
		"a megabyte":                    {"https://app.example.com/" + strings.Repeat("a", 1<<20), "must be 2000 bytes", "must be 2000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectProblem(t, realmconfig.CheckRedirectURI(realmconfig.ConfidentialClient, c.uri), c.confidential)
			expectProblem(t, realmconfig.CheckRedirectURI(realmconfig.PublicClient, c.uri), c.public)
		})
	}
}

func TestWhereAnswersMayGo(t *testing.T) {
	t.Parallel()
	registered := []string{"https://app.example.com/callback", "http://127.0.0.1/callback", "http://localhost:3000/x?a=b", "http://[::1]", "com.example.app:/callback"}
	public := publicClient(registered...)
	confidential := goodClient()
	confidential.RedirectURIs = []string{"https://app.example.com/callback", "http://127.0.0.1:8080/callback"}
	for name, c := range map[string]struct {
		client realmconfig.Client
		uri    string
		want   bool
	}{
		"as registered":                     {public, "https://app.example.com/callback", true},
		"another path":                      {public, "https://app.example.com/callback/", false},
		"below the path":                    {public, "https://app.example.com/callback/x", false},
		"with a query":                      {public, "https://app.example.com/callback?x", false},
		"with a fragment":                   {public, "https://app.example.com/callback#", false},
		"another port":                      {public, "https://app.example.com:8443/callback", false},
		"the port that goes without saying": {public, "https://app.example.com:443/callback", false},
		"in capitals":                       {public, "https://APP.example.com/callback", false},
		"dots that lead back":               {public, "https://app.example.com/x/../callback", false},
		"loopback":                          {public, "http://127.0.0.1/callback", true},
		"loopback at some port":             {public, "http://127.0.0.1:51004/callback", true},
		"loopback in another way":           {public, "http://localhost:51004/callback", false},
		"loopback by name at some port":     {public, "http://localhost:51004/x?a=b", true},
		"loopback by name without port":     {public, "http://localhost/x?a=b", true},
		"loopback by name with more":        {public, "http://localhost:51004/x?a=b&c", false},
		"loopback by IPv6 at some port":     {public, "http://[::1]:1", true},
		"loopback by IPv6 with a path":      {public, "http://[::1]:1/", false},
		"loopback at no such port":          {public, "http://127.0.0.1:99999/callback", false},
		"loopback at port 0":                {public, "http://127.0.0.1:0/callback", false},
		"loopback at an empty port":         {public, "http://127.0.0.1:/callback", false},
		"loopback as a user":                {public, "http://127.0.0.1:80@example.com/callback", false},
		"loopback as a part of a name":      {public, "http://127.0.0.1.example.com/callback", false},
		"loopback over TLS":                 {public, "https://127.0.0.1:51004/callback", false},
		"loopback in capitals":              {public, "HTTP://127.0.0.1:51004/callback", false},
		"loopback with a fragment":          {public, "http://127.0.0.1:51004/callback#", false},
		"a scheme of the application":       {public, "com.example.app:/callback", true},
		"such a scheme in another form":     {public, "com.example.app:///callback", false},
		"nothing":                           {public, "", false},
		"loopback of a confidential client": {confidential, "http://127.0.0.1:8080/callback", true},
		"such loopback at another port":     {confidential, "http://127.0.0.1:8081/callback", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.client.AllowsRedirectURI(c.uri); got != c.want {
				t.Errorf("%s: %t", c.uri, got)
			}
		})
	}
}

func FuzzCheckRedirectURI(f *testing.F) {
	for _, uri := range []string{
		"https://app.example.com/callback?a=b", "http://127.0.0.1:8080/x", "http://[::1]/", "com.example.app:/x", "com.example.app://h/x",
		"http://127.0.0.1:80@example.com", `https://a\@b`, "https://a#", "https://a:443", "javascript:alert(1)", "https://1.2.3/", "",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		for _, kind := range []realmconfig.ClientType{realmconfig.ConfidentialClient, realmconfig.PublicClient} {
			if realmconfig.CheckRedirectURI(kind, uri) != nil {
				continue
			}
			u, err := url.Parse(uri)
			if err != nil || u.User != nil || strings.ContainsAny(uri, "#*\\ \n") {
				t.Fatalf("%q is taken", uri)
			}
			own := map[string]bool{"127.0.0.1": true, "::1": true, "localhost": true}
			private := strings.Contains(u.Scheme, ".") && kind == realmconfig.PublicClient
			if u.Scheme != "https" && !(u.Scheme == "http" && own[u.Hostname()]) && !private {
				t.Errorf("%q is taken of a %s client", uri, kind)
			}
			c := realmconfig.Client{Type: kind, RedirectURIs: []string{uri}}
			if !c.AllowsRedirectURI(uri) || c.AllowsRedirectURI(uri+"#") || c.AllowsRedirectURI(uri+"@example.com") {
				t.Errorf("%q is not the only one", uri)
			}
		}
	})
}

// Whatever is asked for, an answer goes to the hosts that are registered.
func FuzzAllowsRedirectURI(f *testing.F) {
	f.Add("http://127.0.0.1:51004/callback")
	f.Add("http://127.0.0.1:80@example.com/callback")
	f.Add("http://127.0.0.1.example.com/callback")
	f.Fuzz(func(t *testing.T, uri string) {
		c := publicClient("http://127.0.0.1/callback", "http://localhost/callback?x")
		if !c.AllowsRedirectURI(uri) {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" || u.Path != "/callback" || u.User != nil {
			t.Errorf("%q is allowed", uri)
		}
	})
}
