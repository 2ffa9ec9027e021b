// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

func TestQuickstartFromYAMLToLogin(t *testing.T) {
	quickstart.waitReady(t)
	c := quickstart.client(t, true)
	quickstart.loginAsAdmin(t, c)

	t.Run("a relying party verifies the token from discovery alone", func(t *testing.T) {
		ctx := oidc.ClientContext(t.Context(), c.HTTP)
		provider, err := oidc.NewProvider(ctx, c.URL)
		if err != nil {
			t.Fatalf("discover the issuer: %v", err)
		}
		token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: c.URL}).Verify(ctx, c.Tokens.Access)
		if err != nil {
			t.Fatalf("verify the access token: %v", err)
		}
		var claims struct{ Email, Role string }
		if err := token.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if want := secret(t, "identity", "quickstart-initial-admin", "email"); claims.Email != want || claims.Role != "admin" {
			t.Errorf("token says %+v, want the admin %s", claims, want)
		}
	})

	t.Run("the profile is the admin's", func(t *testing.T) {
		p, err := c.Profile(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p.Role != "admin" {
			t.Errorf("profile says %+v, want role admin", p)
		}
	})

	t.Run("a wrong password is refused", func(t *testing.T) {
		email := secret(t, "identity", "quickstart-initial-admin", "email")
		wantProblem(t, quickstart.client(t, true).LogIn(t.Context(), email, "wrong"), http.StatusUnauthorized)
	})

	t.Run("two tabs that refresh at once get the same successor", func(t *testing.T) {
		other := &realmtest.App{URL: c.URL, HTTP: c.HTTP, Tokens: c.Tokens}
		if err := errors.Join(c.Refresh(t.Context()), other.Refresh(t.Context())); err != nil {
			t.Fatal(err)
		}
		if c.Tokens.Refresh != other.Tokens.Refresh {
			t.Error("the tabs hold different refresh tokens")
		}
	})

	t.Run("after logout the session is over", func(t *testing.T) {
		if err := c.LogOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantProblem(t, c.Refresh(t.Context()), http.StatusUnauthorized)
		_, err := c.Profile(t.Context())
		wantProblem(t, err, http.StatusUnauthorized)
	})
}

func TestKubectlGetAnswersTheQuestions(t *testing.T) {
	quickstart.waitReady(t)
	kid := field(t, "identity", "authrealm/quickstart", ".status.signingKeys[0].kid")
	for _, c := range []struct{ output, columns, answers string }{
		{"", "NAME READY REASON PODS AGE", "quickstart True Ready 2/2"},
		{"wide", "NAME READY REASON PODS KEY REQUIREMENTS AGE", "quickstart True Ready 2/2 NotRequired " + kid},
	} {
		header, row, _ := strings.Cut(kubectl(t, "get", "authrealms", "-n", "identity", "-o", c.output), "\n")
		for _, column := range strings.Fields(c.columns) {
			if !strings.Contains(header, column) {
				t.Errorf("no column %s in %q", column, header)
			}
		}
		for _, answer := range strings.Fields(c.answers) {
			if !strings.Contains(row, answer) {
				t.Errorf("%q does not answer %q", row, answer)
			}
		}
	}
}

func TestPodsHoldNoKubernetesCredentials(t *testing.T) {
	quickstart.waitReady(t)
	mounts := kubectl(t, "get", "pods", "-n", "identity", "-o",
		"jsonpath={.items[*].spec.containers[*].volumeMounts[*].mountPath}")
	if strings.Contains(mounts, "serviceaccount") {
		t.Errorf("a pod of the realm mounts a service account token: %s", mounts)
	}
}

func TestBadYAMLIsRefusedInTheUsersWords(t *testing.T) {
	bad := realm{namespace: "identity", name: "bad"}
	out, err := tryKubectl(t.Context(), strings.Replace(bad.manifest(""), "https:", "http:", 1), "apply", "-f", "-")
	if err == nil {
		t.Fatal("a realm with an http issuer was accepted")
	}
	if !strings.Contains(out, "https") {
		t.Errorf("the refusal does not say what to do: %s", out)
	}
}

func wantProblem(t *testing.T, err error, status int) {
	t.Helper()
	var p realmtest.Problem
	if !errors.As(err, &p) || p.Status != status || p.Code == "" {
		t.Errorf("answer is %v, want a problem with status %d and a code", err, status)
	}
}
