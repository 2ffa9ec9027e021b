// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestIDsOfDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id   string
		good bool
	}{
		"a document":           {"https://app.example.com/client.json", true},
		"a folder":             {"https://app.example.com/a/", true},
		"the root":             {"https://app.example.com/", true},
		"a port":               {"https://app.example.com:8443/client.json", true},
		"no path":              {"https://app.example.com", false},
		"in plain":             {"http://localhost/client.json", false},
		"a query":              {"https://app.example.com/client.json?a", false},
		"a fragment":           {"https://app.example.com/client.json#a", false},
		"a user":               {"https://a@app.example.com/client.json", false},
		"upper case":           {"https://App.example.com/client.json", false},
		"the usual port":       {"https://app.example.com:443/client.json", false},
		"a dot":                {"https://app.example.com/./client.json", false},
		"two dots in disguise": {"https://app.example.com/%2E%2e/client.json", false},
		"a letter beyond":      {"https://ápp.example.com/client.json", false},
		"a client's id":        {"shop.web", false},
		"too long":             {"https://app.example.com/" + strings.Repeat("a", 232), false},
	} {
		if got := realmconfig.IsDocumentID(c.id); got != c.good {
			t.Errorf("%s: %t", name, got)
		}
		if c.good && realmconfig.IsClientID(c.id) {
			t.Errorf("%s could be declared", name)
		}
	}
}

func TestIDsOfRegisteredClients(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{
		"registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab": true, "registered-01938B1E-7a1c-7c3a-9d3f-0123456789ab": false,
		"registered-": false, "registered-shop.web": false, "registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab.web": false,
		"01938b1e-7a1c-7c3a-9d3f-0123456789ab": false, "registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab\n": false,
	} {
		if got := realmconfig.IsRegisteredID(id); got != good || good && realmconfig.IsClientID(id) {
			t.Errorf("%q: %t", id, got)
		}
	}
}

func TestHostsOfDocuments(t *testing.T) {
	t.Parallel()
	for host, good := range map[string]bool{
		"app.example.com": true, "localhost:8443": true, "*.example.com": true, "a-b.example.com:8443": true,
		"": false, "*": false, "*.com": false, "*.example.com:8443": false, "a.*.example.com": false, "App.example.com": false, "app.example.com:443": false,
		"app.example.com.": false, "https://app.example.com": false, "app.example.com/a": false, "192.0.2.7": false, "[2001:db8::1]": false, "a@app.example.com": false,
		"app.example.com:0": false, "app.example.com:": false, "0x7f.1": false,
	} {
		c := realmconfig.Defaults("a/b", "https://auth.example.com")
		c.Clients.MetadataDocuments = &realmconfig.MetadataDocuments{Hosts: []string{host}}
		if err := c.Validate(); (err == nil) != good {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestWhichHostsAreAllowed(t *testing.T) {
	t.Parallel()
	clients := realmconfig.Clients{MetadataDocuments: &realmconfig.MetadataDocuments{Hosts: []string{"app.example.com", "*.example.org", "localhost:8443"}}}
	for id, want := range map[string]bool{
		"https://app.example.com/client.json": true, "https://a.example.org/client.json": true, "https://a.b.example.org/c": true, "https://localhost:8443/c": true,
		"https://example.org/client.json": false, "https://evilexample.org/c": false, "https://app.example.com:8443/c": false, "https://a.app.example.com/c": false,
		"https://localhost/c": false, "https://a.example.org:8443/c": false, "https://app.example.com.evil.example/c": false,
		"registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab": false, "shop.web": false,
	} {
		if got := clients.TakesClient(id); got != want {
			t.Errorf("%s: %t", id, got)
		}
	}
	if (realmconfig.Clients{}).TakesClient("https://app.example.com/client.json") {
		t.Error("clients are taken by a realm that names none")
	}
}

func TestRegistrationSettings(t *testing.T) {
	t.Parallel()
	digest := realmconfig.DigestSecret("a")
	for name, c := range map[string]struct {
		change  func(*realmconfig.ClientRegistration)
		problem string
	}{
		"by default": {func(*realmconfig.ClientRegistration) {}, ""},
		"a token":    {func(r *realmconfig.ClientRegistration) { r.InitialAccessTokens = []realmconfig.SecretDigest{digest} }, ""},
		"a token twice": {func(r *realmconfig.ClientRegistration) {
			r.InitialAccessTokens = []realmconfig.SecretDigest{digest, digest}
		}, "stands twice"},
		"an empty token": {func(r *realmconfig.ClientRegistration) { r.InitialAccessTokens = make([]realmconfig.SecretDigest, 1) }, "must not be empty"},
		"many tokens":    {func(r *realmconfig.ClientRegistration) { r.InitialAccessTokens = make([]realmconfig.SecretDigest, 11) }, "must be 10 at most"},
		"a minute":       {func(r *realmconfig.ClientRegistration) { r.ExpiresAfter = 60e9 }, "clients.registration.expiresAfter: must be 1h"},
	} {
		settings := realmconfig.Defaults("a/b", "https://auth.example.com")
		registration := realmconfig.DefaultClientRegistration()
		c.change(&registration)
		settings.Clients.Registration = &registration
		if err := settings.Validate(); (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInitialAccessTokens(t *testing.T) {
	t.Parallel()
	for token, good := range map[string]bool{
		strings.Repeat("a", 32): true, strings.Repeat("a", 31): false, strings.Repeat("a", 512): true, strings.Repeat("a", 513): false,
		strings.Repeat("a", 32) + "\n": false, strings.Repeat("a", 32) + " ": false, strings.Repeat("é", 32): false, "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=+/": true,
	} {
		if got := realmconfig.IsInitialAccessToken(token); got != good {
			t.Errorf("%q: %t", token, got)
		}
	}
}
