// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// An application is declared, reads the Secret that appears, and people sign in at it with
// a library that knows nothing of us, without a pod being replaced.
func TestAnApplicationIsDeclaredAndSignedInAt(t *testing.T) {
	quickstart.waitReady(t)
	before := quickstart.pods(t)
	const callback = "http://127.0.0.1/callback"
	manifest := fmt.Sprintf(`
apiVersion: auth.realmkeeper.io/v1alpha1
kind: OAuthClient
metadata: {name: shop, namespace: %s}
spec:
  realmRef: {name: %s}
  redirectURIs: [%s]
`, quickstart.namespace, quickstart.name, callback)
	started := time.Now()
	apply(t, manifest)
	t.Cleanup(func() { _, _ = tryKubectl(context.Background(), manifest, "delete", "--ignore-not-found", "-f", "-") })
	eventually(t, patience, func() string {
		ready := field(t, quickstart.namespace, "oauthclient/shop", `.status.conditions[?(@.type=="Ready")]['status','message']`)
		if !strings.HasPrefix(ready, "True") {
			return "the client is not ready: " + ready
		}
		return ""
	})
	t.Logf("every pod knows the client %.1f s after it was applied", time.Since(started).Seconds())

	settings := func(key string) string { return secret(t, quickstart.namespace, "shop-oauth-client", key) }
	person := quickstart.visitor(t)
	ctx := oidc.ClientContext(t.Context(), person.http)
	provider, err := oidc.NewProvider(ctx, settings("issuer"))
	if err != nil {
		t.Fatalf("discover the issuer: %v", err)
	}
	app := oauth2.Config{
		ClientID: settings("client-id"), ClientSecret: settings("client-secret"), Endpoint: provider.Endpoint(),
		RedirectURL: callback, Scopes: []string{oidc.ScopeOpenID, "email"},
	}
	verifier := oauth2.GenerateVerifier()
	code := person.signInAt(t, app.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), callback)
	tokens, err := app.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatalf("exchange the code: %v", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	if err != nil {
		t.Fatalf("verify the ID token: %v", err)
	}
	user, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || user.Subject != idToken.Subject || user.Email != secret(t, quickstart.namespace, quickstart.name+"-initial-admin", "email") {
		t.Errorf("UserInfo says %+v, %v", user, err)
	}
	admin := quickstart.client(t, true)
	admin.Tokens.Access = tokens.AccessToken
	_, err = admin.Profile(t.Context())
	wantProblem(t, err, http.StatusUnauthorized)

	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("pods were %v and are %v: a client must not replace them", before, after)
	}
}

// journeyField is what a sign-in page remembers of the application that has sent somebody.
var journeyField = regexp.MustCompile(`name="journey" value="([^"]*)"`)

// signInAt lets the realm's admin sign in at an application, and returns the code that the
// application is sent.
func (v visitor) signInAt(t *testing.T, address, callback string) (code string) {
	t.Helper()
	v.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			code = r.URL.Query().Get("code")
			return http.ErrUseLastResponse
		}
		return nil
	}
	at, page := v.follow(t, address)
	journey := journeyField.FindStringSubmatch(page)
	if journey == nil {
		t.Fatalf("no journey at %s:\n%s", at, page)
	}
	_, _, body := v.ask(t, http.MethodPost, quickstart.issuer(t)+"/signin", url.Values{
		"journey":  {html.UnescapeString(journey[1])},
		"email":    {secret(t, quickstart.namespace, quickstart.name+"-initial-admin", "email")},
		"password": {secret(t, quickstart.namespace, quickstart.name+"-initial-admin", "password")},
	})
	if code == "" {
		t.Fatalf("the application is sent no code; the page is:\n%s", body)
	}
	return code
}
