// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// npm's openid-client is certified by the OpenID Foundation.
func TestOpenIDClient(t *testing.T) {
	t.Parallel()
	t.Run("with a secret", func(t *testing.T) {
		t.Parallel()
		c := newClient(t)
		r := newRealm(t, c)
		testenv.NewNode(t).Serve(r.program(c, "openid-client.mjs"))
		r.signsInAndOut(c)
	})
	t.Run("with pushed requests and a proven key", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, func(c *client) {
			c.PushedAuthorizationRequests, c.DPoP = realmconfig.Required, realmconfig.Required
		})
		r := newRealm(t, c)
		p := r.program(c, "openid-client.mjs")
		p.Environment = append(p.Environment, "PUSH=yes", "DPOP=ES256")
		testenv.NewNode(t).Serve(p)
		r.signsInAndOut(c)
	})
	t.Run("with nothing but a proven key", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, func(c *client) {
			c.Type, c.TokenEndpointAuthMethod, c.Secrets, c.secret = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil, ""
			c.DPoP = realmconfig.Required
		})
		r := newRealm(t, c)
		p := r.program(c, "openid-client.mjs")
		p.Environment = append(p.Environment, "DPOP=PS256")
		testenv.NewNode(t).Serve(p)
		r.signsInAndOut(c)
	})
	t.Run("with a key", func(t *testing.T) {
		t.Parallel()
		public, private := newClientKey(t)
		c := newClient(t, func(c *client) {
			c.TokenEndpointAuthMethod, c.Secrets, c.JWKS = realmconfig.PrivateKeyJWT, nil, public
		})
		r := newRealm(t, c)
		p := r.program(c, "openid-client.mjs")
		p.Environment = append(p.Environment, "CLIENT_KEY="+private)
		testenv.NewNode(t).Serve(p)
		r.signsInAndOut(c)
	})
}

// newClientKey is a key set, and its private key in PEM.
func newClientKey(t *testing.T) (public json.RawMessage, private string) {
	t.Helper()
	signer, err := realmfolder.NewKey(realmconfig.ES256).Signer()
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := realmconfig.NewJWK(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	if public, err = json.Marshal(map[string]any{"keys": []any{jwk}}); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	return public, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
