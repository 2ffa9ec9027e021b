// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const providerName, providerClient = "bench", "realm"

// newProvider starts an OpenID provider that asks nobody: a code is what it
// needs to know again, "<subject>.<nonce>".
func newProvider(t *testing.T) realmconfig.Provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(pattern string, document func(r *http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(document(r))
		})
	}
	answer("GET /.well-known/openid-configuration", func(*http.Request) any {
		return map[string]any{
			"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token",
			"jwks_uri": server.URL + "/jwks", "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		}
	})
	answer("GET /jwks", func(*http.Request) any {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			return err
		}
		coordinate := base64.RawURLEncoding.EncodeToString
		return map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": coordinate(point[1:33]), "y": coordinate(point[33:]),
		}}}
	})
	answer("POST /token", func(r *http.Request) any {
		subject, nonce := splitCode(r.FormValue("code"))
		now := time.Now()
		token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
			"iss": server.URL, "aud": providerClient, "sub": subject, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
			"email": subject + "@elsewhere.example", "email_verified": true,
		})
		token.Header["kid"] = "one"
		signed, err := token.SignedString(key)
		if err != nil {
			return err
		}
		return map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": signed}
	})
	return realmconfig.Provider{
		Name: providerName, DisplayName: "Bench", Type: realmconfig.OIDC, ClientID: providerClient, Issuer: server.URL,
		Scopes: []string{"openid", "email"}, SignUp: true, AllowPrivateNetworks: true,
	}
}

func splitCode(code string) (subject, nonce string) {
	const digits = 6
	if len(code) < digits {
		return "", ""
	}
	return code[:digits], code[digits:]
}

// signInElsewhere is both requests of a sign-in through the provider, the one
// that leads there and the callback. A subject's first time makes an account,
// later ones log in.
func (w *world) signInElsewhere(ctx context.Context) (int, error) {
	departure, err := w.do(ctx, http.MethodGet, "/api/auth/oauth/"+providerName, "", nil, nil)
	if err != nil || departure.StatusCode != http.StatusFound {
		return statusOf(departure), err
	}
	to, err := url.Parse(departure.Header.Get("Location"))
	if err != nil {
		return 0, err
	}
	subject := fmt.Sprintf("%06d", w.next.Add(1)%users)
	back := url.Values{"state": {to.Query().Get("state")}, "code": {subject + to.Query().Get("nonce")}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+realmfolder.IssuerHost+"/api/auth/oauth/callback?"+back.Encode(), nil)
	if err != nil {
		return 0, err
	}
	for _, c := range departure.Cookies() {
		request.AddCookie(c)
	}
	response, err := w.send(request, nil)
	return statusOf(response), err
}
