// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (a *API) wellKnownRoutes() []route {
	return []route{
		wellKnown(a, "/.well-known/jwks.json", "The keys that verify access tokens (RFC 7517)", a.jwks),
		wellKnown(a, "/.well-known/openid-configuration", "Where everything is (OpenID Connect Discovery 1.0)", a.discovery),
	}
}

type jwksBody struct {
	Keys []realmconfig.JWK `json:"keys"`
}

func (a *API) jwks() (jwksBody, error) {
	keys, err := a.Keys.JWKS()
	return jwksBody{keys}, err
}

// discoveryBody says only what exists: there is no authorization endpoint, so
// there are no response types.
type discoveryBody struct {
	Issuer          string                  `json:"issuer"`
	JWKSURI         string                  `json:"jwks_uri"`
	Algorithms      []realmconfig.Algorithm `json:"id_token_signing_alg_values_supported"`
	SubjectTypes    []string                `json:"subject_types_supported"`
	ResponseTypes   []string                `json:"response_types_supported"`
	ClaimsSupported []string                `json:"claims_supported"`
}

func (a *API) discovery() (discoveryBody, error) {
	keys, err := a.Keys.JWKS()
	algorithms := []realmconfig.Algorithm{}
	for _, k := range keys {
		algorithms = append(algorithms, k.Alg)
	}
	slices.Sort(algorithms)
	issuer := a.Settings().Issuer
	return discoveryBody{
		Issuer: issuer, JWKSURI: strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json",
		Algorithms: slices.Compact(algorithms), SubjectTypes: []string{"public"}, ResponseTypes: []string{},
		ClaimsSupported: []string{"aud", "auth_time", "email", "email_verified", "exp", "iat", "iss", "jti", "role", "sid", "sub"},
	}, err
}

// wellKnown is a route for a public document that verifiers cache.
func wellKnown[Out any](a *API, path, summary string, document func() (Out, error)) route {
	return route{
		method: "GET", path: path, summary: summary, status: http.StatusOK, also: []int{http.StatusNotModified},
		in: reflect.TypeFor[empty](), out: reflect.TypeFor[Out](),
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := document()
			if err != nil {
				a.problems.Write(w, r, err)
				return
			}
			encoded, err := json.Marshal(body)
			if err != nil {
				a.problems.Write(w, r, err)
				return
			}
			a.serveCacheable(w, r, encoded)
		}),
	}
}

func (a *API) serveCacheable(w http.ResponseWriter, r *http.Request, document []byte) {
	maxAge := time.Duration(a.Settings().Tokens.JWKSMaxAge)
	digest := sha256.Sum256(document)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int64(maxAge/time.Second)))
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(digest[:12])+`"`)
	h.Set("Access-Control-Allow-Origin", "*") // public documents, for verifiers in browsers too
	// ServeContent answers If-None-Match and HEAD. What it would refuse in words
	// of its own, a part or another version of the document, is not on offer.
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	r.Header.Del("If-Match")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document))
}

// belowIssuer also answers well-known documents below the path of an issuer that
// has one, where OpenID Connect Discovery 1.0, section 4, looks for them, and the
// callbacks, whose addresses providers know.
func (a *API) belowIssuer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		issuer, err := url.Parse(a.Settings().Issuer)
		if err != nil {
			a.problems.Write(w, r, fmt.Errorf("parse issuer: %w", err))
			return
		}
		base := strings.TrimSuffix(issuer.Path, "/")
		if path, found := strings.CutPrefix(r.URL.Path, base); base != "" && found && servedBelowIssuer(path) {
			http.StripPrefix(base, next).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func servedBelowIssuer(path string) bool {
	return strings.HasPrefix(path, "/.well-known/") || path == federation.CallbackPath || strings.HasPrefix(path, federation.CallbackPath+"/")
}
