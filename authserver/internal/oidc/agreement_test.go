// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const elsewhere, onTheMachine = "https://app.example.com/callback", "http://127.0.0.1:1024/callback"

func TestWhatARequestNeeds(t *testing.T) {
	t.Parallel()
	type needs struct{ consent, always, native bool }
	for name, c := range map[string]struct {
		kind    realmconfig.ClientType
		consent realmconfig.Consent
		uri     string
		prompt  string
		want    needs
	}{
		"one's own application":               {realmconfig.ConfidentialClient, realmconfig.SkipConsent, elsewhere, "", needs{}},
		"that is developed on the machine":    {realmconfig.ConfidentialClient, realmconfig.SkipConsent, onTheMachine, "", needs{}},
		"a page":                              {realmconfig.PublicClient, realmconfig.SkipConsent, elsewhere, "", needs{}},
		"that wants to ask":                   {realmconfig.PublicClient, realmconfig.SkipConsent, elsewhere, promptConsent, needs{consent: true, always: true}},
		"somebody else's application":         {realmconfig.ConfidentialClient, realmconfig.AskConsent, elsewhere, "", needs{consent: true}},
		"that wants to ask once more":         {realmconfig.ConfidentialClient, realmconfig.AskConsent, elsewhere, promptConsent, needs{consent: true, always: true}},
		"that wants another sign-in":          {realmconfig.ConfidentialClient, realmconfig.AskConsent, elsewhere, promptLogin, needs{consent: true}},
		"an app on the machine":               {realmconfig.PublicClient, realmconfig.SkipConsent, onTheMachine, "", needs{always: true, native: true}},
		"somebody else's, on the machine":     {realmconfig.PublicClient, realmconfig.AskConsent, onTheMachine, "", needs{true, true, true}},
		"an app on the machine, that asks":    {realmconfig.PublicClient, realmconfig.SkipConsent, onTheMachine, promptConsent, needs{true, true, true}},
		"an app with a scheme of its own":     {realmconfig.PublicClient, realmconfig.SkipConsent, "com.example.app:/callback", "", needs{always: true, native: true}},
		"an app that wants nobody to be seen": {realmconfig.PublicClient, realmconfig.SkipConsent, onTheMachine, promptNone, needs{always: true, native: true}},
	} {
		asked := authorization{prompts: strings.Fields(c.prompt)}
		got := asked.agreementFor(target{client: realmconfig.Client{Type: c.kind, Consent: c.consent}, redirectURI: c.uri}, nil, true)
		if (needs{got.consent, got.always, got.native}) != c.want || got.needed() != (c.want != needs{}) || got.silent != (c.prompt == promptNone) {
			t.Errorf("%s needs %+v", name, got)
		}
	}
}

// What is asked for by name is told of as the scope that it belongs to.
func TestWhatIsDisclosed(t *testing.T) {
	t.Parallel()
	client := realmconfig.Client{Scopes: []string{"openid", "email", "orders"}}
	for name, c := range map[string]struct {
		asked authorization
		want  string
	}{
		"nothing":                      {authorization{}, ""},
		"scopes, in order":             {authorization{scopes: []string{"orders", "openid"}}, "openid orders"},
		"a claim for the ID token":     {authorization{scopes: []string{"openid"}, claims: claimsRequest{IDToken: []string{"email_verified"}}}, "email openid"},
		"a claim at UserInfo":          {authorization{scopes: []string{"email"}, claims: claimsRequest{UserInfo: []string{"email"}}}, "email"},
		"a claim that it may not have": {authorization{claims: claimsRequest{UserInfo: []string{"name", "groups"}}}, ""},
	} {
		if got := formatScope(c.asked.disclosed(client)); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

// What a client may do at one resource, it may do at no other, and without any only where
// nobody was asked about one.
func TestWhatIsAgreedToCountsWhereItWasAskedFor(t *testing.T) {
	t.Parallel()
	const a, b = "https://a.example.com", "https://b.example.com/mcp"
	for name, c := range map[string]struct {
		needs agreement
		want  []string
	}{
		"nothing":                 {agreement{}, []string{}},
		"no resource":             {agreement{scopes: []string{"email", "write"}, elsewhere: true}, []string{"email", "write"}},
		"nobody to be for":        {agreement{scopes: []string{"write"}}, []string{"write"}},
		"a resource":              {agreement{scopes: []string{"email", "write"}, resources: []string{a}}, []string{"email", "resource " + a, "resource " + a + " write"}},
		"a resource, and nothing": {agreement{resources: []string{a}}, []string{"resource " + a}},
		"two": {agreement{scopes: []string{"write"}, resources: []string{b, a}}, []string{
			"resource " + a, "resource " + a + " write", "resource " + b, "resource " + b + " write",
		}},
		"a resource, and another audience": {agreement{scopes: []string{"write"}, resources: []string{a}, elsewhere: true}, []string{
			"resource " + a, "resource " + a + " write", "write",
		}},
	} {
		if got := c.needs.agreed(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func TestADecisionCoversWhatWasShown(t *testing.T) {
	t.Parallel()
	const notes = "https://notes.example.com"
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	client := realmconfig.Client{DisplayName: "Shop", Since: now.Add(-time.Hour)}
	shown := request.Decision{Consent: true, Scopes: []string{"email", "openid"}, Resources: []string{notes}, ClientSince: client.Since, Application: "Shop", AskedAt: now.Add(-time.Minute)}
	for name, c := range map[string]struct {
		change func(*request.Decision)
		scopes []string
		covers bool
	}{
		"all of it":                    {nil, []string{"email", "openid"}, true},
		"less":                         {nil, []string{"openid"}, true},
		"nothing":                      {nil, nil, true},
		"more":                         {nil, []string{"email", "groups", "openid"}, false},
		"what is not to be remembered": {func(d *request.Decision) { d.Consent = false }, []string{"openid"}, false},
		"of another client":            {func(d *request.Decision) { d.ClientSince = d.ClientSince.Add(time.Nanosecond) }, []string{"openid"}, false},
		"by another name":              {func(d *request.Decision) { d.Application = "shop" }, []string{"openid"}, false},
		"just in time":                 {func(d *request.Decision) { d.AskedAt = now.Add(time.Nanosecond - journeyLifetime) }, []string{"openid"}, true},
		"too late":                     {func(d *request.Decision) { d.AskedAt = now.Add(-journeyLifetime) }, []string{"openid"}, false},
	} {
		d := shown
		if c.change != nil {
			c.change(&d)
		}
		if got := (agreement{scopes: c.scopes, consent: true}).covers(d, client, now); got != c.covers {
			t.Errorf("%s: %t", name, got)
		}
	}
	for resource, covers := range map[string]bool{notes: true, "https://files.example.com": false} {
		if got := (agreement{resources: []string{resource}, consent: true}).covers(shown, client, now); got != covers {
			t.Errorf("at %s: %t", resource, got)
		}
	}
}

// Whatever a form says, only one that says allow, once, agrees.
func FuzzDecisionForm(f *testing.F) {
	for _, seed := range []string{
		"journey=a&decision=b&answer=allow", "journey=a&decision=b&answer=cancel", "answer=allow&answer=allow", "answer=", "", "%zz", "a;b", "answer=allow\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		said, err := readDecision(strings.NewReader(text))
		values, wrong := url.ParseQuery(text)
		if (err != nil) != (wrong != nil) {
			t.Fatalf("%q is read with %v", text, err)
		}
		if agrees := slices.Equal(values["answer"], []string{request.Allow}); err == nil && said.allowed != agrees {
			t.Errorf("%q agrees: %t", text, said.allowed)
		}
	})
}
