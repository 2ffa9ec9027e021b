// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A claim is proved by its example before a token says it, and what was proved stays while
// what comes after it is not.
func TestAClaimIsProvedBeforeATokenSaysIt(t *testing.T) {
	quickstart.waitReady(t)
	const callback, object = "http://127.0.0.1/callback", "oauthclient/proved"
	manifest := func(expression string) string {
		return fmt.Sprintf(`
apiVersion: auth.realmkeeper.io/v1alpha1
kind: OAuthClient
metadata: {name: proved, namespace: %s}
spec:
  realmRef: {name: %s}
  redirectURIs: [%s]
  claims: [{name: app_role, expression: "%s"}]
  examples:
    - {name: the admin, given: {user: {email: admin@example.com, role: admin}}, then: {app_role: Editor}}
`, quickstart.namespace, quickstart.name, callback, expression)
	}
	const good, bad = `user.role == 'admin' ? 'Editor' : 'Viewer'`, `user.role == 'admin' ? 'Admin' : 'Viewer'`
	await := func(condition, want string) {
		t.Helper()
		eventually(t, patience, func() string {
			got := field(t, quickstart.namespace, object, fmt.Sprintf(`.status.conditions[?(@.type=="%s")]['status','reason','message']`, condition))
			if !strings.HasPrefix(got, want) {
				return fmt.Sprintf("%s is %q, want %q", condition, got, want)
			}
			return ""
		})
	}
	apply(t, manifest(bad))
	t.Cleanup(func() {
		_, _ = tryKubectl(context.Background(), manifest(good), "delete", "--ignore-not-found", "-f", "-")
	})
	await("ClaimsReady", `False ExampleFailed example "the admin": app_role is "Admin", want "Editor"`)
	await("Ready", "False ExampleFailed")

	applied := time.Now()
	apply(t, manifest(good))
	await("Ready", "True")
	t.Logf("every pod knows the claim %.1f s after its example held", time.Since(applied).Seconds())

	person := quickstart.visitor(t)
	ctx := oidc.ClientContext(t.Context(), person.http)
	settings := func(key string) string { return secret(t, quickstart.namespace, "proved-oauth-client", key) }
	provider, err := oidc.NewProvider(ctx, settings("issuer"))
	if err != nil {
		t.Fatalf("discover the issuer: %v", err)
	}
	app := oauth2.Config{
		ClientID: settings("client-id"), ClientSecret: settings("client-secret"), Endpoint: provider.Endpoint(),
		RedirectURL: callback, Scopes: []string{oidc.ScopeOpenID},
	}
	says := func(tokens *oauth2.Token) {
		t.Helper()
		raw, _ := tokens.Extra("id_token").(string)
		idToken, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
		if err != nil {
			t.Fatalf("verify the ID token: %v", err)
		}
		said := struct {
			Role string `json:"app_role"`
		}{}
		if err := idToken.Claims(&said); err != nil || said.Role != "Editor" {
			t.Errorf("the ID token says %+v, %v", said, err)
		}
	}
	verifier := oauth2.GenerateVerifier()
	code := person.signInAt(t, app.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), callback)
	tokens, err := app.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatalf("exchange the code: %v", err)
	}
	says(tokens)

	apply(t, manifest(bad))
	await("Ready", "False ExampleFailed")
	tokens.Expiry = time.Now().Add(-time.Minute)
	if tokens, err = app.TokenSource(ctx, tokens).Token(); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	says(tokens)
}
