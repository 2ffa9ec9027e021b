// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// certifiedClient is a client in the words of OpenID Connect Dynamic Client Registration.
type certifiedClient struct {
	ID                     string   `json:"client_id"`
	Secret                 string   `json:"client_secret"`
	Method                 string   `json:"token_endpoint_auth_method"`
	Grants                 []string `json:"grant_types"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
	BackchannelURI         string   `json:"backchannel_logout_uri,omitempty"`
	// SessionRequired asks for the session in logout tokens.
	SessionRequired bool `json:"backchannel_logout_session_required"`
}

func newCertifiedClient(c client) certifiedClient {
	return certifiedClient{
		ID: c.id, Secret: c.secret, Method: c.method, Grants: []string{"authorization_code", "refresh_token"},
		RedirectURIs: []string{redirectURI}, PostLogoutRedirectURIs: []string{signedOutURI},
		BackchannelURI: c.backchannelURI, SessionRequired: c.backchannelURI != "",
	}
}

// ann is what the certified provider knows of everybody.
func ann() map[string]any {
	return map[string]any{
		"name": "Ann Lee", "locale": "de-CH", "email": "ann@example.com", "email_verified": true,
		"address": map[string]string{"country": "CH"}, "phone_number": "+41 44 000 00 00", "phone_number_verified": false,
	}
}

// startCertified serves oidc-provider over TLS, with the clients of these tests.
func startCertified(t *testing.T, clients []client) *provider {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := realmfolder.NewCertificate(time.Now().Add(24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	known := []certifiedClient{}
	for _, c := range clients {
		known = append(known, newCertifiedClient(c))
	}
	ahead, roots := &atomic.Int64{}, x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(certificate))
	p := &provider{
		issuer: "https://127.0.0.1:" + strconv.Itoa(port), roots: roots, person: person{"ann", "whatever"},
		now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	}
	description, err := json.Marshal(map[string]any{
		"issuer": p.issuer, "port": port, "certificate": certificate, "key": key, "clients": known, "claims": ann(),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := p.newHTTP(t)
	p.advance = func(d time.Duration) {
		t.Helper()
		seconds := strconv.Itoa(int(d / time.Second))
		if a := send(t, client, newRequest(t, http.MethodPost, p.issuer+"/advance/"+seconds, nil)); a.Status != http.StatusOK {
			t.Fatalf("the clock answered %d", a.Status)
		}
		ahead.Add(int64(d))
	}
	testenv.NewNode(t).Serve(testenv.Program{
		Argv: []string{"provider.mjs"}, Address: "127.0.0.1:" + strconv.Itoa(port),
		Files: map[string]string{"provider.json": string(description)},
	})
	return p
}
