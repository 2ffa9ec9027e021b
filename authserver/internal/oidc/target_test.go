// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// clientSet is one of a client, as servers read it.
func clientSet(t testing.TB, clients ...realmconfig.Client) *realmconfig.ClientSet {
	t.Helper()
	f := realmfolder.New(t, "postgres://user:password@127.0.0.1:1/realm", "redis://127.0.0.1:1")
	f.Clients = clients
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	set := realmconfig.LoadClients(f.Dir, nil)
	if set.Len() != len(clients) {
		t.Fatalf("%d clients are in force", set.Len())
	}
	return set
}

// declared finds clients of a set.
type declared struct{ *realmconfig.ClientSet }

func (d declared) Find(_ context.Context, id string) (realmconfig.Client, bool, error) {
	client, found := d.ClientSet.Find(id)
	return client, found, nil
}

// No request has an answer sent anywhere but to an address of the client that it names.
func FuzzTarget(f *testing.F) {
	c := webClient(realmconfig.PublicClient)
	c.TokenEndpointAuthMethod, c.DisplayName = realmconfig.NoAuthMethod, "Shop"
	c.Since = c.Since.AddDate(2025, 0, 0)
	c.RedirectURIs = []string{callback, "http://127.0.0.1/cb", "com.example.shop:/cb"}
	set := clientSet(f, c)
	f.Add(goodRequest().Encode())
	f.Add("client_id=apps.shop&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcb&response_mode=form_post&state=s%0a")
	f.Add("client_id=apps.shop&redirect_uri=com.example.shop%3A%2Fcb&redirect_uri=https%3A%2F%2Fevil.example")
	f.Add("client_id=apps.shop&redirect_uri=https%3A%2F%2Fshop.example.com%40evil.example%2Fcallback")
	f.Fuzz(func(t *testing.T, encoded string) {
		values, err := url.ParseQuery(encoded)
		if err != nil {
			return
		}
		to, err := targetOf(t.Context(), declared{set}, values)
		if err != nil {
			return
		}
		if !c.AllowsRedirectURI(to.redirectURI) || unprintable(to.state) || len(values["redirect_uri"]) != 1 || len(values["client_id"]) != 1 {
			t.Errorf("answers go to %+v", to)
		}
		address := to.address(to.answer("https://auth.example.com", url.Values{"code": {"c"}}))
		back, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(address, to.redirectURI) || back.Query().Get("state") != to.state || back.Fragment != "" {
			t.Errorf("the answer goes to %q, %v", address, err)
		}
		if strings.ContainsAny(to.formAction(), " ;,'\"") {
			t.Errorf("a form may end at %q", to.formAction())
		}
	})
}
