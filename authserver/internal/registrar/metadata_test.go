// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const agent = "https://app.example.com/client.json"

// Whatever a document says, answers go nowhere but to the origin of its address and to programs
// on the user's machine.
func FuzzDocument(f *testing.F) {
	f.Add(`{"client_id": "` + agent + `", "client_name": "App", "redirect_uris": ["https://app.example.com/callback", "http://127.0.0.1/cb"]}`)
	f.Add(`{"client_id": "` + agent + `", "redirect_uris": ["https://app.example.com@evil.example/", "https://app.example.com.evil.example/", "com.example.app:/cb"]}`)
	f.Add(`{"client_id": "https://evil.example", "client_id": "` + agent + `", "redirect_uris": ["https://app.example.com\\@evil.example"]}`)
	f.Fuzz(func(t *testing.T, document string) {
		m, err := ofDocument(agent, []byte(document))
		if err != nil {
			if refusal := (*Refusal)(nil); !errors.As(err, &refusal) || refusal.Description == "" {
				t.Fatalf("refused by %v", err)
			}
			return
		}
		c := realmconfig.Client{ID: agent, Type: realmconfig.PublicClient, RedirectURIs: m.RedirectURIs}
		for _, uri := range m.RedirectURIs {
			if !strings.HasPrefix(uri, "https://app.example.com/") && !strings.HasPrefix(strings.ToLower(uri), "https://app.example.com") && !c.IsNativeApp(uri) {
				t.Errorf("answers may go to %q", uri)
			}
		}
		checkKept(t, m.Name, m.RedirectURIs, m.GrantTypes)
	})
}

func FuzzRegistration(f *testing.F) {
	f.Add(`{"client_name": "Agent", "redirect_uris": ["http://127.0.0.1/callback"], "grant_types": ["authorization_code"]}`)
	f.Add(`{"redirect_uris": ["https://a.example/\u0000"], "client_name": "\u202e"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, document string) {
		told, err := parse([]byte(document))
		if err != nil {
			return
		}
		m, err := told.metadata(registeredURIs)
		if err != nil {
			return
		}
		for _, uri := range m.RedirectURIs {
			if err := realmconfig.CheckRedirectURI(realmconfig.PublicClient, uri); err != nil {
				t.Errorf("%q is kept: %v", uri, err)
			}
		}
		checkKept(t, m.Name, m.RedirectURIs, m.GrantTypes)
		if _, err := json.Marshal(m); err != nil {
			t.Error(err)
		}
	})
}

func checkKept(t *testing.T, name string, uris []string, grants []realmconfig.GrantType) {
	t.Helper()
	if len(uris) == 0 || len(uris) > maxRedirectURIs || len(grants) == 0 || len(grants) > 2 || len([]rune(name)) > maxName ||
		strings.ContainsFunc(name, unfitForName) {
		t.Errorf("kept are %q, %v and %v", name, uris, grants)
	}
}

func TestWhichAddressesOfADocumentAreItsClients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		uri  string
		kept bool
	}{
		"of its origin":                  {"https://app.example.com/callback", true},
		"of its origin, with its port":   {"https://app.example.com:443/callback", true},
		"of its origin, in upper case":   {"https://APP.example.com/callback", true},
		"of another port":                {"https://app.example.com:8443/callback", false},
		"of a name below":                {"https://a.app.example.com/callback", false},
		"of a name above":                {"https://example.com/callback", false},
		"of a name that begins alike":    {"https://app.example.com.evil.example/callback", false},
		"of a user that is called alike": {"https://app.example.com@evil.example/callback", false},
		"in plain":                       {"http://app.example.com/callback", false},
		"of the user's machine":          {"http://127.0.0.1/callback", true},
		"of the user's machine by name":  {"http://localhost:4711/callback", true},
		"of an app":                      {"com.example.app:/callback", true},
		"that runs":                      {"javascript:alert(1)", false},
	} {
		kept, err := documentedURIs(agent)([]string{c.uri})
		if (err == nil) != c.kept || c.kept && kept[0] != c.uri {
			t.Errorf("an address %s: %v, %v", name, kept, err)
		}
	}
}
