// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// A job that asks for tokens, and the API that is shown them.
const (
	job, jobSecret = "bench.job", "a secret of the job's that nobody guesses"
	api, apiSecret = "bench.api", "a secret of the API's that nobody guesses"
)

func benchClients() []realmconfig.Client {
	list := []realmconfig.Client{}
	for id, secret := range map[string]string{job: jobSecret, api: apiSecret} {
		c := newClient(id, secret)
		c.GrantTypes, c.Scopes, c.Audiences = []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}, []string{"read"}, []string{api}
		list = append(list, c)
	}
	for id, algorithm := range map[string]realmconfig.Algorithm{shop: realmconfig.RS256, modernShop: realmconfig.ES256} {
		c := newClient(id, shopSecret)
		c.RedirectURIs, c.IDTokenSigningAlg = []string{shopCallback}, algorithm
		list = append(list, c)
	}
	return list
}

func newClient(id, secret string) realmconfig.Client {
	c := realmconfig.DefaultClient()
	c.ID, c.DisplayName, c.Since = id, id, time.Now().Add(-time.Hour)
	c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret(secret)}}
	return c
}

// ask sends a form as a client, and decodes the answer if there is one.
func (w *world) ask(ctx context.Context, path, id, secret string, parameters url.Values, out any) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+realmfolder.IssuerHost+path, strings.NewReader(parameters.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", w.somewhere())
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	response, err := w.send(request, out)
	return statusOf(response), err
}

// clientCredentials is a token that the job asks for in its own name.
func (w *world) clientCredentials(out any) operation {
	own := url.Values{"grant_type": {string(realmconfig.ClientCredentialsGrant)}}
	return func(ctx context.Context) (int, error) { return w.ask(ctx, "/oauth2/token", job, jobSecret, own, out) }
}

// introspect asks of the same token again and again, as an API does that was shown it.
func (w *world) introspect(token string) operation {
	shown := url.Values{"token": {token}}
	return func(ctx context.Context) (int, error) {
		return w.ask(ctx, "/oauth2/introspect", api, apiSecret, shown, nil)
	}
}

// clients measures what clients ask for without a database, at full speed.
func (r *report) clients(w *world, span time.Duration) {
	w.t.Helper()
	got := tokens{}
	if status, err := w.clientCredentials(&got)(context.Background()); err != nil || got.Access == "" {
		w.t.Fatalf("no token of a client, but %d, %v", status, err)
	}
	r.credentials = w.clients("client credentials, POST /oauth2/token, 32 clients", 32, span, w.clientCredentials(nil))
	r.introspection = w.clients("introspection, POST /oauth2/introspect, 32 clients", 32, span, w.introspect(got.Access))
	r.add(r.credentials, r.introspection)
	r.flows(w, span)
}
