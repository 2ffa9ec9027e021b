// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// StartIssuer runs an OpenID Connect provider that asks nobody and knows every
// client, for tests of how much can be done. It returns its issuer, and ends with
// the test. A code is what IssuerCode makes; any other is an invalid grant.
func StartIssuer(t testing.TB) (issuer string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	issuer = server.URL
	answer := func(pattern string, document func(r *http.Request) (int, any)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, document := document(r)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	answer("GET /.well-known/openid-configuration", func(*http.Request) (int, any) {
		return http.StatusOK, map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/keys", "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		}
	})
	mux.HandleFunc("GET /authorize", sendBack)
	answer("GET /keys", func(*http.Request) (int, any) {
		coordinate := base64.RawURLEncoding.EncodeToString
		return http.StatusOK, map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": coordinate(point[1:33]), "y": coordinate(point[33:]),
		}}}
	})
	answer("POST /token", func(r *http.Request) (int, any) {
		subject, nonce, found := strings.Cut(r.FormValue("code"), codeSeparator)
		if !found {
			return http.StatusBadRequest, map[string]string{"error": "invalid_grant"}
		}
		token := jwt.NewWithClaims(jwt.SigningMethodES256, idToken(issuer, clientOf(r), subject, nonce))
		token.Header["kid"] = "one"
		signed, err := token.SignedString(key)
		if err != nil {
			return http.StatusInternalServerError, map[string]string{"error": "server_error"}
		}
		return http.StatusOK, map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": signed}
	})
	return issuer
}

// IssuerVisitor is the subject of whoever a browser takes to StartIssuer's provider.
const IssuerVisitor = "visitor"

// sendBack answers by a form that the page sends itself (OAuth 2.0 Form Post Response
// Mode), or in the query of a redirect.
func sendBack(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	code := IssuerCode(IssuerVisitor, asked.Get("nonce"))
	if asked.Get("response_mode") != "form_post" {
		back := url.Values{"state": {asked.Get("state")}, "code": {code}}
		http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = formPage.Execute(w, map[string]string{"To": asked.Get("redirect_uri"), "State": asked.Get("state"), "Code": code})
}

var formPage = template.Must(template.New("").Parse(`<!doctype html><title>Provider</title>
<form method="post" action="{{.To}}">
<input type="hidden" name="state" value="{{.State}}"><input type="hidden" name="code" value="{{.Code}}">
<input type="hidden" name="user" value="{&#34;name&#34;: {&#34;firstName&#34;: &#34;Vera&#34;, &#34;lastName&#34;: &#34;Sitor&#34;}}">
</form>
<script>document.forms[0].submit()</script>`))

const codeSeparator = "."

// IssuerCode is the code by which somebody with a subject, in letters and digits,
// comes back from StartIssuer's provider.
func IssuerCode(subject, nonce string) string { return subject + codeSeparator + nonce }

func idToken(issuer, client, subject, nonce string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{
		"iss": issuer, "aud": client, "sub": subject, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"email": subject + "@elsewhere.example", "email_verified": true,
	}
}

// clientOf is who asks for a token, as its authentication says (RFC 6749, section
// 2.3.1).
func clientOf(r *http.Request) string {
	if id, _, ok := r.BasicAuth(); ok {
		if decoded, err := url.QueryUnescape(id); err == nil {
			return decoded
		}
	}
	return r.FormValue("client_id")
}
