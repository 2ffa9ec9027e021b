// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/httpapi"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// serveAtItsIssuer is for clients that find the server by the issuer alone.
func (r *realm) serveAtItsIssuer() *server {
	r.t.Helper()
	r.Listen()
	return r.serve()
}

// trust is what makes Node.js take the realm's certificate.
func (r *realm) trust() []string {
	return []string{"NODE_EXTRA_CA_CERTS=" + filepath.Join(r.Dir, realmconfig.CertificateFile)}
}

func TestJoseVerifiesFromDiscoveryAlone(t *testing.T) {
	t.Parallel()
	node := testenv.NewNode(t)
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.ES256, realmconfig.RS256, realmconfig.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			r := newRealm(t)
			r.Keyset = realmfolder.Keyset(realmfolder.NewKey(algorithm))
			access := r.serveAtItsIssuer().login().Access
			out, err := node.Run(access, r.trust(), "verify.mjs", r.Config.Issuer, audience)
			if err != nil {
				t.Fatal(err)
			}
			claims := map[string]any{}
			if err := json.Unmarshal([]byte(out), &claims); err != nil || claims["email"] != adminEmail || claims["role"] != "admin" {
				t.Errorf("claims are %v, %v", claims, err)
			}
			if _, err := node.Run(access, r.trust(), "verify.mjs", r.Config.Issuer, "https://other.example"); err == nil {
				t.Error("it takes a token for another audience")
			}
		})
	}
}

func TestTheDescriptionIsWithoutFault(t *testing.T) {
	t.Parallel()
	document, err := httpapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := testenv.NewNode(t).Run(string(document), nil, "lint.mjs"); err != nil {
		t.Errorf("%v%s", err, out)
	}
}

func TestAClientMadeFromTheDescriptionLogsIn(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serveAtItsIssuer()
	document := s.do(newRequest(t, http.MethodGet, "/api/openapi.json", nil))
	node := testenv.NewNode(t)
	if _, err := node.Run(document.Body, nil, "generate.mjs", "api.d.ts"); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Run("", nil, "node_modules/typescript/bin/tsc", "-p", "."); err != nil {
		t.Fatal(err)
	}
	out, err := node.Run("", append(r.trust(),
		"ISSUER="+r.Config.Issuer, "EMAIL="+adminEmail, "PASSWORD="+adminPassword, "WRONG_PASSWORD="+wrongPassword), "client.js")
	if err != nil {
		t.Fatal(err)
	}
	saw := struct {
		Refused, Role, WithoutToken string
		Found, Logout               int
	}{}
	if err := json.Unmarshal([]byte(out), &saw); err != nil {
		t.Fatal(err)
	}
	if saw.Refused != "invalid_credentials" || saw.Role != "admin" || saw.WithoutToken != "token_missing" || saw.Found != 1 || saw.Logout != http.StatusNoContent {
		t.Errorf("it saw %s", out)
	}
}
