// SPDX-License-Identifier: Apache-2.0

package preflight_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
)

// neighbours are what may be at an address of a private network, by what it is. None is an
// identity provider.
func neighbours(t *testing.T) map[string]string {
	t.Helper()
	answer := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	return map[string]string{
		"a closed port": closed.URL, "a port that says nothing": "http://" + silent.Addr().String(), "TLS where there is none": "https://" + silent.Addr().String(),
		"nothing there": answer(404, ""), "somebody who wants to know": answer(401, "<html>"), "a redirect": answer(302, ""), "a bad day": answer(503, ""),
		"another API": answer(200, `{"kind": "Status"}`), "a page": answer(200, "<html>"), "an error of another's": answer(400, `{"error": "no such key"}`),
	}
}

// Whoever may write a provider must not find out by it what listens where.
func TestPrivateNetworksAreNotToldOf(t *testing.T) {
	t.Parallel()
	for what, ask := range map[string]func(i *issuer, q *preflight.Question, address string){
		"the issuer":                  func(_ *issuer, q *preflight.Question, address string) { q.Provider.Issuer = address },
		"the keys":                    func(i *issuer, _ *preflight.Question, address string) { i.document["jwks_uri"] = address },
		"a token endpoint discovered": func(i *issuer, _ *preflight.Question, address string) { i.document["token_endpoint"] = address },
		"a token endpoint stated": func(_ *issuer, q *preflight.Question, address string) {
			q.Provider.Type, q.Provider.Issuer, q.Provider.Endpoints = realmconfig.OAuth2, "", &realmconfig.Endpoints{Token: address}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var (
				group sync.WaitGroup
				mu    sync.Mutex
				said  = map[preflight.Answer][]string{}
				took  = map[string]time.Duration{}
			)
			for name, address := range neighbours(t) {
				i := newIssuer(t)
				q := i.question()
				q.Private = true
				ask(i, &q, address)
				group.Go(func() {
					began := time.Now()
					answer, err := preflight.OverHTTP(client)(t.Context(), q)
					mu.Lock()
					defer mu.Unlock()
					if took[name] = time.Since(began); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					said[answer] = append(said[answer], name)
				})
			}
			group.Wait()
			if len(said) != 1 {
				t.Errorf("answers differ: %+v", said)
			}
			for name, d := range took {
				if d < preflight.QuestionTimeout {
					t.Errorf("%s is told of after %s, which is sooner than others", name, d)
				}
			}
		})
	}
}

// What is a provider is told of all the same, and at once.
func TestPrivateProvidersAreProven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change                  func(*issuer, *preflight.Question)
		discovered, credentials string
	}{
		"one that is well": {func(*issuer, *preflight.Question) {}, v1alpha1.ReasonDiscovered, v1alpha1.ReasonProven},
		"one with another secret": {func(_ *issuer, q *preflight.Question) { q.Secret = "hunter2-is-not-it" },
			v1alpha1.ReasonDiscovered, v1alpha1.ReasonInvalidClient},
		"one of another issuer": {func(i *issuer, _ *preflight.Question) { i.document["issuer"] = "https://elsewhere.example.com" },
			v1alpha1.ReasonIssuerMismatch, v1alpha1.ReasonBlocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			q := i.question()
			q.Private = true
			c.change(i, &q)
			answer, err := preflight.OverHTTP(client)(t.Context(), q)
			if err != nil || answer.Discovered.Reason != c.discovered || answer.CredentialsAccepted.Reason != c.credentials {
				t.Errorf("answered %+v, %v", answer, err)
			}
		})
	}
}
