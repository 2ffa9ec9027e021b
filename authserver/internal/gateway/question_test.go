// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Nobody must be able to ask without end for what costs work. Gateways ask for everybody's
// every request.
func TestEveryRouteHasALimit(t *testing.T) {
	t.Parallel()
	for _, r := range New(Deps{}).Routes() {
		free := strings.HasSuffix(r.Pattern, "{client}") || strings.HasSuffix(r.Pattern, "/")
		if limited := r.Rate != request.Unlimited; limited == free {
			t.Errorf("%s has a limit: %t", r.Pattern, limited)
		}
	}
}

// No gateway asks for a client that has registered itself, and nobody has the Store, which there
// is none of here, asked for one where requests have no limit.
func TestNoGatewayAsksForAClientThatHasRegisteredItself(t *testing.T) {
	t.Parallel()
	realm := auth.Realm{Now: time.Now, Settings: func() realmconfig.Config {
		return realmconfig.Config{Clients: realmconfig.Clients{
			Registration: &realmconfig.ClientRegistration{}, MetadataDocuments: &realmconfig.MetadataDocuments{Hosts: []string{"agent.example.com"}},
		}}
	}}
	s := New(Deps{Realm: realm, Clients: &client.Service{Realm: realm}})
	for _, id := range []string{"https://agent.example.com/client.json", "registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, nil)
		r.SetPathValue("client", id)
		if _, err := s.questionOf(r); auth.ReasonOf(err) != auth.ClientUnknown {
			t.Errorf("%s is answered with %v", id, err)
		}
	}
}

func TestWhichOriginAQuestionIsAbout(t *testing.T) {
	t.Parallel()
	confidential := realmconfig.Client{Type: realmconfig.ConfidentialClient, RedirectURIs: []string{
		"https://app.example.com/_realm/callback", "https://app.example.com:8443/_realm/callback", "https://api.example.com/callback",
		"http://localhost:3000/_realm/callback", "https://other.example.com/_realm/callback?x=1",
	}}
	for host, want := range map[string]string{
		"app.example.com": "https://app.example.com", "app.example.com:8443": "https://app.example.com:8443", "localhost:3000": "http://localhost:3000",
		"": "", "APP.example.com": "", "app.example.com:443": "", "api.example.com": "", "other.example.com": "", "localhost:3001": "",
		"app.example.com.": "", "x@app.example.com": "", "app.example.com/": "", "app.example.com/_realm/callback?": "", "app.example.com,evil.example": "", "evil.example": "",
	} {
		if got, ok := originAt(confidential, host); got != want || ok != (want != "") {
			t.Errorf("%q is at %q", host, got)
		}
	}
}

func TestDemands(t *testing.T) {
	t.Parallel()
	day := demands{maxAge: 24 * time.Hour, status: http.StatusFound}
	if d, err := demandsOf("max_age=86400"); err != nil || d.maxAge != day.maxAge || d.status != day.status {
		t.Errorf("a day is read as %+v, %v", d, err)
	}
	if d, err := demandsOf("role=a&group=c&role=b&acr=2&redirect=401"); err != nil || strings.Join(d.roles, ",") != "a,b" || strings.Join(d.groups, ",") != "c" ||
		d.acr != auth.TwoFactors || d.redirectStatus() != http.StatusUnauthorized {
		t.Errorf("all of it is read as %+v, %v", d, err)
	}
	if d, err := demandsOf("scope=notes:read+notes:write%20"); err != nil || strings.Join(d.scope, ",") != "notes:read,notes:write" {
		t.Errorf("scopes are read as %+v, %v", d, err)
	}
	for _, query := range []string{
		"scope=", "scope=+", "scope=a&scope=b", "scope=%22", "scope=a%5C", "scope=a%0Ab", "scope=%C3%BC",
		"roles=a", "client=a", "role", "role=", "role=a&role=", "acr=0", "acr=1&acr=1", "acr=", "max_age=0", "max_age=59", "max_age=-60", "max_age=1e3", "max_age=99999999999",
		"max_age=4294967296", "redirect=303", "redirect=", "redirect=302&redirect=401", "%", "role=%zz", "role=a;group=b", "=a",
	} {
		if d, err := demandsOf(query); !errors.Is(err, auth.Refuse(auth.ClientRequestInvalid)) {
			t.Errorf("%q is read as %+v", query, d)
		}
	}
}

// Whatever stands in a gateway's address, it is refused or demands what it says.
func FuzzDemands(f *testing.F) {
	for _, seed := range []string{"", "role=a&group=b", "acr=2&max_age=300", "redirect=401", "roles=a", "%", "role=a;b", "&&", "max_age=60&max_age=60"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		d, err := demandsOf(query)
		if err != nil {
			if !errors.Is(err, auth.Refuse(auth.ClientRequestInvalid)) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.roles) != len(values["role"]) || len(d.groups) != len(values["group"]) || d.acr != values.Get("acr") || (d.maxAge > 0) != values.Has("max_age") {
			t.Errorf("%q demands %+v", query, d)
		}
		for name := range values {
			if !strings.Contains(" role group acr max_age redirect ", " "+name+" ") {
				t.Errorf("%q is overlooked", name)
			}
		}
	})
}

func TestWhereAVisitorMayComeBackTo(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"/": "/", "/a?b=c&d=%2F": "/a?b=c&d=%2F", "/a/../b": "/a/../b", "/?https://evil.example": "/?https://evil.example", "/a:b": "/a:b", "/@evil.example": "/@evil.example",
		"": "/", "a": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/", "/\r\nSet-Cookie: a=b": "/", "/é": "/", "/a b": "/",
		"/#a": "/", "/%": "/", "/_realm/signout": "/", "/_realm/": "/", "/%5frealm/signout": "/", "/_realm": "/_realm", "/" + strings.Repeat("a", 1499): "/" + strings.Repeat("a", 1499),
		"/" + strings.Repeat("a", 1500): "/",
	} {
		if got := returnPath(uri); got != want {
			t.Errorf("%q leads to %q", uri, got)
		}
	}
}

// Wherever somebody wants to go, it is a page of the application's.
func FuzzReturnPath(f *testing.F) {
	for _, seed := range []string{"/", "//evil.example", "/\\evil.example", "/%2f/evil.example", "/_realm/signout", "/a?b#c", "@evil.example", ".evil.example", ":443@evil.example/", "/\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		got := returnPath(uri)
		u, err := url.Parse("https://app.example.com" + got)
		if err != nil || u.Host != "app.example.com" || u.User != nil || u.Scheme != "https" || u.Fragment != "" || strings.HasPrefix(u.Path, ownPath) || strings.HasPrefix(got, "//") {
			t.Errorf("%q leads to %q", uri, got)
		}
		if strings.ContainsAny(got, "\r\n\\ \t") {
			t.Errorf("%q leads to %q", uri, got)
		}
	})
}
