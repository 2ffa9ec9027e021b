// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestNoDeclaredClientHasTheIDOfTheRealmsOwn(t *testing.T) {
	t.Parallel()
	c := realmconfig.DefaultClient()
	c.ID, c.DisplayName, c.Since = realmconfig.FirstPartyID, "Shop", time.Now()
	if realmconfig.IsClientID(realmconfig.FirstPartyID) || c.Validate() == nil {
		t.Error("a client may be called as the realm's own")
	}
}

func TestTheRealmsOwnClientHasReturnURLsLetterByLetter(t *testing.T) {
	t.Parallel()
	settings := realmconfig.Defaults("shop", "https://auth.example.com")
	if _, found := settings.FirstParty(); found {
		t.Error("there is one without addresses")
	}
	settings.Browser.ReturnURLs = []string{
		"https://app.example.com", "https://app.example.com/", "https://app.example.com/inbox", "http://localhost:5173/", "http://plain.example.com/",
	}
	c, found := settings.FirstParty()
	want := []string{"https://app.example.com/", "https://app.example.com/inbox", "http://localhost:5173/"}
	if !found || !slices.Equal(c.RedirectURIs, want) || !slices.Equal(c.PostLogoutRedirectURIs, want) {
		t.Errorf("found %t: %q", found, c.RedirectURIs)
	}
	for uri, want := range map[string]bool{
		"https://app.example.com/": true, "https://app.example.com/inbox": true, "http://localhost:5173/": true,
		"https://app.example.com": false, "https://app.example.com/inbox/7": false, "http://localhost:5174/": false, "http://plain.example.com/": false,
	} {
		if c.AllowsRedirectURI(uri) != want {
			t.Errorf("%s is allowed: %t", uri, !want)
		}
	}
}
