// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// A provider is applied, and people sign in through it, without a pod being
// replaced; then it is deleted, and nobody does any more.
func TestProviderComesAndGoesLive(t *testing.T) {
	issuer, before := quickstart.issuer(t), quickstart.pods(t)
	ann := testenv.Person{ID: "ann-at-dex", Email: "ann@example.com", Name: "Ann", Password: "the password of ann at dex"}
	node := kubectl(t, "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
	dex := testenv.StartDexAt(t, node, issuer+"/api/auth/oauth/callback", ann)
	manifest := fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: dex, namespace: %[1]s}
stringData: {clientSecret: %[2]q}
---
apiVersion: auth.realmkeeper.io/v1alpha1
kind: OAuthProvider
metadata: {name: dex, namespace: %[1]s}
spec:
  realmRef: {name: %[3]s}
  type: OIDC
  issuer: %[4]s
  clientID: %[5]s
  clientSecretRef: {name: dex}
  signUp: true
  allowPrivateNetworks: true
`, quickstart.namespace, dex.ClientSecret, quickstart.name, dex.Issuer, dex.ClientID)

	started := time.Now()
	apply(t, manifest)
	t.Cleanup(func() { _, _ = tryKubectl(context.Background(), manifest, "delete", "--ignore-not-found", "-f", "-") })
	eventually(t, patience, func() string {
		ready := field(t, quickstart.namespace, "oauthprovider/dex", `.status.conditions[?(@.type=="Ready")]['status','message']`)
		if !strings.HasPrefix(ready, "True") {
			return "the provider is not ready: " + ready
		}
		return ""
	})
	t.Logf("every pod offers the provider %.1f s after it was applied", time.Since(started).Seconds())

	visitor := quickstart.visitor(t)
	address, page := visitor.follow(t, issuer+"/api/auth/oauth/dex")
	answer := visitor.submit(t, address, page, url.Values{"login": {ann.Email}, "password": {ann.Password}})
	c := quickstart.client(t, true)
	if err := json.Unmarshal([]byte(answer), &c.Tokens); err != nil {
		t.Fatalf("no tokens in %s", answer)
	}
	if p, err := c.Profile(t.Context()); err != nil || p.Email != ann.Email || p.Role != "user" {
		t.Errorf("who signed in is %+v, %v", p, err)
	}

	kubectl(t, "delete", "-n", quickstart.namespace, "oauthprovider/dex")
	eventually(t, patience, func() string {
		if status, _ := visitor.get(t, issuer+"/api/auth/oauth/dex"); status != http.StatusNotFound {
			return fmt.Sprintf("a provider that is gone answers %d", status)
		}
		return ""
	})
	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("pods were %v and are %v: a provider must not replace them", before, after)
	}
}

// visitor is somebody with a browser, who finds the realm at its Service.
type visitor struct{ http *http.Client }

func (r realm) visitor(t *testing.T) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	host, err := url.Parse(r.issuer(t))
	if err != nil {
		t.Fatal(err)
	}
	service, transport := r.serviceAddress(t), r.transport(t, true)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, _, _ := net.SplitHostPort(address); name == host.Hostname() {
			address = service
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return visitor{&http.Client{Transport: transport, Jar: jar, Timeout: realmtest.Patience}}
}

func (v visitor) get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	_, status, body = v.ask(t, http.MethodGet, address, nil)
	return status, body
}

// follow opens an address and returns where that led, and the page there.
func (v visitor) follow(t *testing.T, address string) (final, body string) {
	t.Helper()
	final, _, body = v.ask(t, http.MethodGet, address, nil)
	return final, body
}

// submit fills in the form of a page and returns what the journey ends with.
func (v visitor) submit(t *testing.T, address, page string, fields url.Values) string {
	t.Helper()
	target, err := realmtest.FormAction(address, page)
	if err != nil {
		t.Fatal(err)
	}
	_, _, body := v.ask(t, http.MethodPost, target, fields)
	return body
}

func (v visitor) ask(t *testing.T, method, address string, fields url.Values) (final string, status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if fields != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := v.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Request.URL.String(), response.StatusCode, string(text)
}
