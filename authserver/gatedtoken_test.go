// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// takesTokensToo lets people make tokens for a gated application.
func takesTokensToo(c *realmconfig.Client) {
	c.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed
	c.Scopes = []string{"openid", "email", "groups"}
}

// A script that shows a personal access token is let through to the application that it was
// made for, as its user, but never where somebody must have signed in.
func TestAGatewayTakesPersonalTokens(t *testing.T) {
	t.Parallel()
	reports, other := newGatedClient("apps.reports", reportsURL, takesTokensToo), newGatedClient("apps.orders", ordersURL, takesTokensToo)
	r := newRealmOfClients(t, reports, other)
	r.allowPersonalTokens(90 * 24 * time.Hour)
	s := r.serve()
	a := s.newAnn("user")
	ops := s.createGroup(a.admin, "ops")
	s.addMember(a.admin, ops.ID, a.user.ID).Expect(t, http.StatusNoContent, "")
	tokenFor := func(c realmconfig.Client, scope string) string {
		t.Helper()
		return s.makeToken(a.session.Access, oauthClient{Client: c}, scope).Token
	}
	token := tokenFor(reports, "email groups")
	asks := func(demands, token string, header ...string) *http.Response {
		t.Helper()
		b := s.newGatedBrowser(through(demands))
		return b.asks(http.MethodGet, reportsURL+"/data", append(header, "Authorization", "Bearer "+token)...)
	}
	response := asks("", token)
	for header, want := range map[string]string{
		"X-Auth-User-Id": a.user.ID, "X-Auth-Email": a.user.Email, "X-Auth-Email-Verified": "true", "X-Auth-Role": "user",
		"X-Auth-Client-Id": "apps.reports", "X-Auth-Groups": "ops", "X-Auth-Session-Id": "",
	} {
		if got := response.Header.Values(header); response.StatusCode != http.StatusOK || len(got) != 1 || got[0] != want {
			t.Errorf("answered %d, and %s is %q, not %q", response.StatusCode, header, got, want)
		}
	}
	if plain := asks("", tokenFor(reports, "")); plain.StatusCode != http.StatusOK || plain.Header.Get("X-Auth-Email") != "" || plain.Header.Get("X-Auth-Groups") != "" {
		t.Errorf("of a token without scopes is told %v", plain.Header)
	}
	for demands, status := range map[string]int{
		"?role=user": 200, "?role=admin": 403, "?group=ops": 200, "?group=x": 403,
		"?scope=email": 200, "?scope=email+groups": 200, "?scope=openid": 403, "?scope=email+profile": 403,
		"?acr=1": 403, "?acr=2": 403, "?max_age=3600": 403, "?max_age=31536000": 403,
	} {
		if got := asks(demands, token); got.StatusCode != status {
			t.Errorf("%s is answered %d, want %d", demands, got.StatusCode, status)
		}
	}
	for name, shown := range map[string]string{
		"of another application": tokenFor(other, ""), "with another character": token[:30] + strings.Map(func(c rune) rune {
			if c == 'A' {
				return 'B'
			}
			return 'A'
		}, token[30:31]) + token[31:], "that is noise": noiseLikeAToken(), "cut short": token[:len(token)-1],
	} {
		got := asks("", shown, "Accept", "text/html")
		if got.StatusCode != http.StatusUnauthorized || got.Header.Get("Location") != "" {
			t.Errorf("a token %s is answered %d", name, got.StatusCode)
		}
	}

	// Who is in the group no more is let through no more, and so is another role; and nobody
	// with a token that has ended.
	s.as(a.admin, http.MethodDelete, groupsPath+"/"+ops.ID+"/members/"+a.user.ID, nil).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(10 * time.Second)
	if got := asks("?group=ops", token); got.StatusCode != http.StatusForbidden {
		t.Errorf("somebody who has left the group is answered %d", got.StatusCode)
	}
	s.as(a.admin, http.MethodPatch, "/api/admin/users/"+a.user.ID, map[string]any{"role": "editor"}).Expect(t, http.StatusOK, "")
	if got := asks("?role=editor", token); got.StatusCode != http.StatusOK {
		t.Errorf("somebody with another role is answered %d", got.StatusCode)
	}
	if got := asks("?role=user", token); got.StatusCode != http.StatusForbidden {
		t.Errorf("somebody with another role is answered %d where the one of before is demanded", got.StatusCode)
	}
	mine := s.tokensMadeBy(a.session.Access, personalTokens)
	for _, one := range mine {
		s.as(a.session.Access, http.MethodDelete, personalTokens+"/"+one.ID, nil).Expect(t, http.StatusNoContent, "")
	}
	if got := asks("", token); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token that has ended is answered %d", got.StatusCode)
	}
}

// What looks like a token has to be looked up: a source that shows many is slowed down, and
// whoever shows one that is known goes on.
func TestStrangersCannotHaveTokensLookedUpForEver(t *testing.T) {
	t.Parallel()
	reports := newGatedClient("apps.reports", reportsURL, takesTokensToo)
	r := newRealmOfClients(t, reports)
	r.Clock.Stop()
	r.allowPersonalTokens(90 * 24 * time.Hour)
	s := r.serve()
	token := s.makeToken(s.login().Access, oauthClient{Client: reports}, "").Token
	b := s.newGatedBrowser(through(""))
	asks := func(token string) int {
		t.Helper()
		return b.asks(http.MethodGet, reportsURL+"/data", "Authorization", "Bearer "+token).StatusCode
	}
	if got := asks(token); got != http.StatusOK {
		t.Fatalf("the token is answered %d", got)
	}
	r.Config.Network.RequestsPerMinute = 1 // ten look-ups
	r.Update()
	s.eventually("a source is slowed down", func() bool { return asks(noiseLikeAToken()) == http.StatusTooManyRequests })
	if got := asks(token); got != http.StatusOK {
		t.Errorf("a token that is known is answered %d", got)
	}
}

// noiseLikeAToken has the looks of a token, and its checksum.
func noiseLikeAToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	noise := "rkpat_" + base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
	suite.secrets.used(noise)
	return noise
}
