// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

const (
	clientID = "realm at:elsewhere"
	secret   = "hunter2%/ &+"
	callback = "https://login.example.com/api/auth/oauth/callback"
)

// issuer is a provider that answers what a test wants, and well otherwise.
type issuer struct {
	*httptest.Server
	document map[string]any
	keys     any
	status   map[string]int
	// takes is where the token endpoint looks for the secret: header, body, or nowhere.
	takes string

	mu   sync.Mutex
	seen []string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{takes: "header", status: map[string]int{}}
	i.keys = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "a", Use: "sig"}}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	i.document = map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
	}
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.seen = append(i.seen, r.Method+" "+r.URL.Path)
	i.mu.Unlock()
	if status := i.status[r.URL.Path]; status != 0 {
		w.Header().Set("Location", i.URL+"/keys")
		w.WriteHeader(status)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(i.document)
	case "/keys":
		_ = json.NewEncoder(w).Encode(i.keys)
	case "/token":
		i.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	id, password, _ := r.BasicAuth()
	given := map[string]string{
		"header": id + " " + password,
		"body":   r.PostFormValue("client_id") + " " + r.PostFormValue("client_secret"),
	}[i.takes]
	good := map[string]string{"header": "realm+at%3Aelsewhere hunter2%25%2F+%26%2B", "body": clientID + " " + secret}[i.takes]
	switch {
	case r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != callback ||
		len(r.PostFormValue("code_verifier")) < 43 || r.PostFormValue("code") == "":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error": "invalid_request"}`))
	case given == "" || given != good:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error": "invalid_client"}`))
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error": "invalid_grant"}`))
	}
}

func client(allowPrivate bool) *http.Client {
	return outbound.New(outbound.Options{Timeout: preflight.Timeout, MaxAnswer: preflight.MaxAnswer, AllowPrivate: allowPrivate})
}

func (i *issuer) question() preflight.Question {
	return preflight.Question{
		Provider: realmconfig.Provider{
			Name: "elsewhere", Type: realmconfig.OIDC, ClientID: clientID, Issuer: i.URL, AllowPrivateNetworks: true,
		},
		Secret: secret, CallbackURL: callback,
	}
}

func TestProvidersAreProven(t *testing.T) {
	t.Parallel()
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	for name, c := range map[string]struct {
		change      func(*issuer, *preflight.Question)
		discovered  string
		credentials metav1.ConditionStatus
		reason      string
	}{
		"one that is well": {func(*issuer, *preflight.Question) {}, v1alpha1.ReasonDiscovered, yes, v1alpha1.ReasonProven},
		"another secret": {
			func(_ *issuer, q *preflight.Question) { q.Secret = "other" }, v1alpha1.ReasonDiscovered, no, v1alpha1.ReasonInvalidClient,
		},
		"the secret in the body, as it says": {
			func(i *issuer, _ *preflight.Question) {
				i.takes, i.document["token_endpoint_auth_methods_supported"] = "body", []string{"client_secret_post"}
			}, v1alpha1.ReasonDiscovered, yes, v1alpha1.ReasonProven,
		},
		"the secret in the body, unsaid": {
			func(i *issuer, _ *preflight.Question) { i.takes = "body" }, v1alpha1.ReasonDiscovered, yes, v1alpha1.ReasonProven,
		},
		"endpoints that are stated": {
			func(i *issuer, q *preflight.Question) {
				q.Provider.Type, q.Provider.Issuer, q.Provider.Endpoints = realmconfig.OAuth2, "", &realmconfig.Endpoints{Token: i.URL + "/token"}
			}, v1alpha1.ReasonNotNeeded, yes, v1alpha1.ReasonProven,
		},
		"another issuer": {
			func(i *issuer, _ *preflight.Question) { i.document["issuer"] = i.URL + "/" }, v1alpha1.ReasonIssuerMismatch, unknown, v1alpha1.ReasonBlocked,
		},
		"no keys": {
			func(i *issuer, _ *preflight.Question) { i.keys = jose.JSONWebKeySet{} }, v1alpha1.ReasonInvalidDiscovery, unknown, v1alpha1.ReasonBlocked,
		},
		"a document that is missing": {
			func(i *issuer, _ *preflight.Question) { i.status["/.well-known/openid-configuration"] = 404 }, v1alpha1.ReasonInvalidDiscovery, unknown, v1alpha1.ReasonBlocked,
		},
		"a document that is elsewhere": {
			func(i *issuer, _ *preflight.Question) { i.status["/.well-known/openid-configuration"] = 302 }, v1alpha1.ReasonInvalidDiscovery, unknown, v1alpha1.ReasonBlocked,
		},
		"a bad day": {
			func(i *issuer, _ *preflight.Question) { i.status["/.well-known/openid-configuration"] = 503 }, v1alpha1.ReasonUnreachable, unknown, v1alpha1.ReasonBlocked,
		},
		"keys on a bad day": {
			func(i *issuer, _ *preflight.Question) { i.status["/keys"] = 429 }, v1alpha1.ReasonUnreachable, unknown, v1alpha1.ReasonBlocked,
		},
		"a token endpoint on a bad day": {
			func(i *issuer, _ *preflight.Question) { i.status["/token"] = 500 }, v1alpha1.ReasonDiscovered, unknown, v1alpha1.ReasonUnreachable,
		},
		"an answer without end": {
			func(i *issuer, _ *preflight.Question) { i.keys = strings.Repeat("x", preflight.MaxAnswer) }, v1alpha1.ReasonUnreachable, unknown, v1alpha1.ReasonBlocked,
		},
		"nobody there": {
			func(i *issuer, _ *preflight.Question) { i.Close() }, v1alpha1.ReasonUnreachable, unknown, v1alpha1.ReasonBlocked,
		},
		"a private address": {
			func(_ *issuer, q *preflight.Question) { q.Provider.AllowPrivateNetworks = false }, v1alpha1.ReasonForbiddenAddress, unknown, v1alpha1.ReasonBlocked,
		},
		"a token endpoint at the metadata service": {
			func(i *issuer, _ *preflight.Question) { i.document["token_endpoint"] = "http://169.254.169.254/token" }, v1alpha1.ReasonDiscovered, no, v1alpha1.ReasonForbiddenAddress,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			q := i.question()
			c.change(i, &q)
			got, err := preflight.OverHTTP(client)(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got.Discovered.Reason != c.discovered || got.CredentialsAccepted.Status != c.credentials || got.CredentialsAccepted.Reason != c.reason {
				t.Errorf("answered %+v", got)
			}
			good := got.Discovered.Reason == v1alpha1.ReasonDiscovered || got.Discovered.Reason == v1alpha1.ReasonNotNeeded
			if good != (got.Discovered.Status == yes) {
				t.Errorf("discovered: %+v", got.Discovered)
			}
			for _, f := range []preflight.Finding{got.Discovered, got.CredentialsAccepted} {
				if f.Message == "" || strings.Contains(f.Message, "hunter2") {
					t.Errorf("says %q", f.Message)
				}
			}
		})
	}
}

func TestWhoPromisesToNameTheIssuer(t *testing.T) {
	t.Parallel()
	const promise = "authorization_response_iss_parameter_supported"
	everyTenant := func(i *issuer, q *preflight.Question) {
		q.Provider.Type, i.document["issuer"] = realmconfig.Microsoft, i.URL+"/{tenantid}/v2.0"
	}
	for name, c := range map[string]struct {
		change     func(*issuer, *preflight.Question)
		promises   bool
		discovered string
	}{
		"one that does":     {func(i *issuer, _ *preflight.Question) { i.document[promise] = true }, true, v1alpha1.ReasonDiscovered},
		"one that does not": {func(*issuer, *preflight.Question) {}, false, v1alpha1.ReasonDiscovered},
		"one that always did": {func(i *issuer, q *preflight.Question) {
			i.document[promise], q.Provider.RequireIssuer = true, true
		}, true, v1alpha1.ReasonDiscovered},
		"one that no longer does": {func(_ *issuer, q *preflight.Question) { q.Provider.RequireIssuer = true }, false, v1alpha1.ReasonIssuerNotNamed},
		"every tenant of Microsoft's, whose issuer is known too late": {func(i *issuer, q *preflight.Question) {
			everyTenant(i, q)
			i.document[promise] = true
		}, false, v1alpha1.ReasonDiscovered},
		"one without discovery": {func(i *issuer, q *preflight.Question) {
			q.Provider.Type, q.Provider.Issuer, q.Provider.Endpoints = realmconfig.OAuth2, "", &realmconfig.Endpoints{Token: i.URL + "/token"}
		}, false, v1alpha1.ReasonNotNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			q := i.question()
			c.change(i, &q)
			got, err := preflight.OverHTTP(client)(t.Context(), q)
			if want := map[bool]string{true: i.URL}[c.promises]; err != nil || got.NamedIssuer != want || got.Discovered.Reason != c.discovered {
				t.Errorf("answered %+v, %v; want the issuer %q", got, err, want)
			}
		})
	}
}

func TestTheOperatorsOwnEndIsNoFailureOfTheProvider(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := preflight.OverHTTP(client)(ctx, i.question()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAProviderThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(hang.Close)
	t.Cleanup(func() { close(over) })
	i := newIssuer(t)
	q := i.question()
	q.Provider.Issuer = hang.URL
	impatient := func(allowPrivate bool) *http.Client {
		return outbound.New(outbound.Options{Timeout: 50 * time.Millisecond, MaxAnswer: preflight.MaxAnswer, AllowPrivate: allowPrivate})
	}
	got, err := preflight.OverHTTP(impatient)(t.Context(), q)
	if err != nil || got.Discovered.Reason != v1alpha1.ReasonUnreachable || !strings.Contains(got.Discovered.Message, "in time") {
		t.Errorf("answered %+v, %v", got, err)
	}
}
