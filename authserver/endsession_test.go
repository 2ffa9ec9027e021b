// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const bye = appURL + "bye"

// leavable lets a client send people somewhere who have signed out.
func leavable(c *realmconfig.Client) { c.PostLogoutRedirectURIs = []string{bye} }

// leave is a request of an application to sign somebody out.
func leave(b *pageBrowser, values url.Values) {
	b.t.Helper()
	b.away = nil
	b.open("/oauth2/end-session?" + values.Encode())
}

// replaceKeys puts other keys of an algorithm in force.
func (s *server) replaceKeys(algorithm realmconfig.Algorithm, others ...realmconfig.Key) {
	s.t.Helper()
	keys := []realmconfig.Key{}
	for _, k := range keysOf(s.realm.Keyset) {
		if k.Algorithm != algorithm {
			keys = append(keys, k)
		}
	}
	s.realm.Keyset = realmfolder.Keyset(append(keys, others...)...)
	revision := s.Report().KeysetRevision
	s.realm.Update()
	s.eventually("other keys are in force", func() bool { return s.Report().KeysetRevision != revision })
}

// Whoever comes with an ID token that says nothing to the realm any more wants to be signed
// out all the same: they are asked, and go nowhere before.
func TestAHintThatSaysNothingIsNone(t *testing.T) {
	t.Parallel()
	c, gone := newWebClient(leavable), newClient("apps.gone", leavable)
	r := newRealmOfClients(t, c, gone)
	s := r.serve()
	b := s.newPageBrowser()
	hint := s.newApplication(c, "openid").newFlow().signIn(b).Extra("id_token").(string)
	deleted := s.newApplication(gone, "openid").newFlow().signIn(b).Extra("id_token").(string)
	s.replaceKeys(realmconfig.RS256, realmfolder.NewKey(realmconfig.RS256))
	fresh := s.newApplication(c, "openid").newFlow().signIn(b).Extra("id_token").(string)
	shard := realmconfig.ClientShard(gone.ID)
	revision := s.Report().ClientRevisions[shard]
	r.Clients = []realmconfig.Client{c}
	r.Update()
	s.eventually("the other client is gone", func() bool { return s.Report().ClientRevisions[shard] != revision })

	key, err := s.forger(fresh).others.Signer()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	f := s.forger(fresh)
	forged := func(method jwt.SigningMethod, key any, kid string) string {
		return f.sign(method, key, map[string]any{"typ": "JWT", "kid": kid}, nil)
	}
	for name, hint := range map[string]string{
		"whose key is published no longer": hint,
		"of a client that is gone":         deleted,
		"that is noise":                    marker,
		"that is very long":                strings.Repeat("x", 10<<10),
		"that somebody has changed":        fresh[:len(fresh)-8] + "AAAAAAAA",
		"that is not signed":               forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, f.others.KID),
		"that is signed with a public key": forged(jwt.SigningMethodHS256, public, f.others.KID),
		"that is signed by somebody else":  forged(jwt.SigningMethodRS256, f.signer(realmfolder.NewKey(realmconfig.RS256)), f.others.KID),
		"that is signed as another key's":  forged(jwt.SigningMethodRS256, key, f.key.KID),
	} {
		suite.secrets.used(hint)
		leave(b, url.Values{"id_token_hint": {hint}, "client_id": {c.ID}, "post_logout_redirect_uri": {bye}})
		b.sees("/oauth2/end-session", http.StatusOK, "Shop asks to sign you out")
		if b.away != nil {
			t.Errorf("a hint %s has sent the browser to %s unasked", name, b.away)
		}
		leave(b, url.Values{"id_token_hint": {hint}})
		b.sees("/oauth2/end-session", http.StatusOK, "Sign out?")
		leave(b, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}}) // of nobody known
		b.sees("/oauth2/end-session", http.StatusBadRequest)
		leave(b, url.Values{"id_token_hint": {hint}, "client_id": {gone.ID}, "post_logout_redirect_uri": {bye}})
		b.sees("/oauth2/end-session", http.StatusBadRequest)
		if b.away != nil {
			t.Errorf("a hint %s has sent the browser to %s", name, b.away)
		}
		b.open("/account")
		b.sees("/account", http.StatusOK)
	}
	leave(b, url.Values{"id_token_hint": {hint}, "client_id": {c.ID}, "post_logout_redirect_uri": {bye}, "state": {"s"}})
	b.submit("/signout", nil)
	if b.away == nil || b.away.String() != bye+"?state=s" {
		t.Errorf("sent to %v", b.away)
	}
	b.open("/account")
	b.sees("/signin", http.StatusOK)
}

// The ID token of somebody in many groups is long, and signs them out in an address and in
// the form of another site.
func TestALongHintSignsOut(t *testing.T) {
	t.Parallel()
	c := newWebClient(leavable)
	r := newRealmOfClients(t, c)
	s := r.serve()
	r.Exec(`INSERT INTO groups SELECT gen_random_uuid(), lpad(n::text, 100, 'team '), now() FROM generate_series(1, 60) n`)
	r.Exec(`INSERT INTO group_members SELECT u.id, g.id, now() FROM users u, groups g`)
	for _, byForm := range []bool{false, true} {
		b := s.newPageBrowser()
		hint := s.newApplication(c, "openid", "groups").newFlow().signIn(b).Extra("id_token").(string)
		suite.secrets.used(hint)
		if len(hint) < 8<<10 {
			t.Fatalf("the ID token has %d bytes", len(hint))
		}
		values := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}}
		if byForm {
			b.away = nil
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/oauth2/end-session", strings.NewReader(values.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "cross-site")
			request.Header.Set("Origin", strings.TrimSuffix(appURL, "/"))
			b.send(request)
		} else {
			leave(b, values)
		}
		if b.away == nil || b.away.String() != bye {
			t.Errorf("sent to %v, at %s with %d", b.away, b.at, b.status)
		}
		b.open("/account")
		b.sees("/signin", http.StatusOK)
	}
}

// Addresses that an application did not register are no way out, however they look.
func TestNobodyIsSentElsewhereAfterASignOut(t *testing.T) {
	t.Parallel()
	c := newWebClient(leavable)
	other := newWebClient(func(c *realmconfig.Client) {
		c.ID, c.PostLogoutRedirectURIs = "apps.other", []string{appURL + "other"}
	})
	s := newRealmOfClients(t, c, other).serve()
	b := s.newPageBrowser()
	hint := s.newApplication(c, "openid").newFlow().signIn(b).Extra("id_token").(string)
	suite.secrets.used(hint)
	for name, to := range map[string]string{
		"another client's":         appURL + "other",
		"the redirect URI":         appURL + "callback",
		"a script":                 "javascript:alert(1)",
		"data":                     "data:text/html,x",
		"another scheme":           strings.Replace(bye, "https:", "http:", 1),
		"without a scheme":         strings.TrimPrefix(bye, "https:"),
		"a path":                   "/bye",
		"a user before the host":   strings.Replace(bye, "https://", "https://app.example.com@evil.example/", 1),
		"a host that begins alike": strings.Replace(bye, ".com", ".com.evil.example", 1),
		"in other letters":         strings.ToUpper(bye),
		"a fragment":               bye + "#x",
		"a query":                  bye + "?x=1",
		"a path below":             bye + "/../evil",
		"a backslash":              `https:\\evil.example`,
		"a space":                  " " + bye,
	} {
		for _, values := range []url.Values{
			{"id_token_hint": {hint}}, {"client_id": {c.ID}}, {"id_token_hint": {hint}, "client_id": {c.ID}}, {},
		} {
			values.Set("post_logout_redirect_uri", to)
			leave(b, values)
			b.sees("/oauth2/end-session", http.StatusBadRequest)
			if b.away != nil || b.header.Get("Location") != "" {
				t.Errorf("%s: sent to %v", name, b.away)
			}
		}
	}
	leave(b, url.Values{"id_token_hint": {hint}, "client_id": {other.ID}, "post_logout_redirect_uri": {appURL + "other"}})
	b.sees("/oauth2/end-session", http.StatusBadRequest)
	b.open("/account")
	b.sees("/account", http.StatusOK) // nothing of that has signed anybody out
}
