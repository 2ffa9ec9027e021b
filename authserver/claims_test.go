// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestTokensSayWhenTheUserSignedIn(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop()
	s := r.serve()
	signedIn := r.Clock.Now()
	// off is how far the auth_time of an access token is from the sign-in.
	off := func(access string) time.Duration {
		seconds, _ := claimsOf(t, access)["auth_time"].(float64)
		return time.Unix(int64(seconds), 0).Sub(signedIn).Abs()
	}
	first := s.login()
	r.Clock.Advance(20 * time.Minute)
	second := s.refresh(first.Refresh)
	retried := s.refresh(first.Refresh)
	for what, access := range map[string]string{"signed in": first.Access, "refreshed": second.Access, "refreshed again": retried.Access} {
		if off := off(access); off >= time.Second {
			t.Errorf("%s: auth_time is %s off", what, off)
		}
	}
	r.Exec("UPDATE sessions SET auth_time = NULL") // as a release left it that did not know the time
	if off := off(s.refresh(second.Refresh).Access); off >= time.Second {
		t.Errorf("an older session: auth_time is %s off", off)
	}
}

func TestTokensSayWhetherTheAddressIsProved(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	first := s.login()
	if said := claimsOf(t, first.Access)["email_verified"]; said != true {
		t.Errorf("of a proved address it says %v", said)
	}
	r.Exec("UPDATE users SET email_verified_at = NULL")
	for what, access := range map[string]string{"refreshed": s.refresh(first.Refresh).Access, "signed in": s.login().Access} {
		if said := claimsOf(t, access)["email_verified"]; said != false {
			t.Errorf("%s: of an address that nobody has proved it says %v", what, said)
		}
	}
}

// Verifiers learn from the discovery document what they may look at.
func TestDiscoveryListsEveryClaim(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	a := s.do(newRequest(t, http.MethodGet, "/.well-known/openid-configuration", nil))
	listed := decode[struct {
		Claims []string `json:"claims_supported"`
	}](t, a, http.StatusOK).Claims
	for _, said := range slices.Sorted(maps.Keys(claimsOf(t, s.login().Access))) {
		if !slices.Contains(listed, said) {
			t.Errorf("a token has %s, listed are %q", said, listed)
		}
	}
}
