// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// verifier checks tokens as an application would that has read the RFCs: it
// keeps its copy of the JWKS for the whole max-age (RFC 9111, section 4.2), and
// not even a key that it does not know makes it ask before that.
type verifier struct {
	http   *http.Client
	issuer string
	keys   map[string]crypto.PublicKey
	until  time.Time
}

func newVerifier(r realm, t *testing.T) *verifier {
	t.Helper()
	c := r.client(t, true)
	return &verifier{http: c.HTTP, issuer: c.URL}
}

func (v *verifier) knows(kid string) bool { return v.keys[kid] != nil }

// verify judges a token by the time at which it is shown, however long the JWKS takes to come.
func (v *verifier) verify(ctx context.Context, token string) error {
	shown := time.Now()
	if !time.Now().Before(v.until) {
		if err := v.fetch(ctx); err != nil {
			return err
		}
	}
	_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, known := v.keys[kid]
		if !known {
			return nil, fmt.Errorf("key %s is not among the %d of the JWKS", kid, len(v.keys))
		}
		return key, nil
	}, jwt.WithValidMethods([]string{"ES256", "RS256", "EdDSA"}), jwt.WithIssuer(v.issuer), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return shown }))
	return err
}

func (v *verifier) fetch(ctx context.Context) error {
	asked := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.issuer+"/.well-known/jwks.json", nil)
	if err != nil {
		return err
	}
	response, err := v.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var set struct{ Keys []jwk }
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("read JWKS: status %d, %w", response.StatusCode, err)
	}
	_, age, _ := strings.Cut(response.Header.Get("Cache-Control"), "max-age=")
	seconds, err := strconv.Atoi(age)
	if err != nil {
		return fmt.Errorf("read max-age of the JWKS: %w", err)
	}
	keys := map[string]crypto.PublicKey{}
	for _, k := range set.Keys {
		if keys[k.KID], err = k.public(); err != nil {
			return err
		}
	}
	v.keys, v.until = keys, asked.Add(time.Duration(seconds)*time.Second)
	return nil
}

// jwk is a public key as RFC 7517 and RFC 8037 write it.
type jwk struct{ KID, Kty, X, Y, N, E string }

func (k jwk) public() (crypto.PublicKey, error) {
	number := func(s string) []byte {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return b
	}
	switch k.Kty {
	case "EC":
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, number(k.X)...), number(k.Y)...))
	case "OKP":
		return ed25519.PublicKey(number(k.X)), nil
	case "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(number(k.N)), E: int(new(big.Int).SetBytes(number(k.E)).Int64())}, nil
	}
	return nil, fmt.Errorf("key %s is of the unknown type %q", k.KID, k.Kty)
}

// expired reports whether a token has a second left, or less.
func expired(token string) bool {
	claims := jwt.RegisteredClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.ExpiresAt == nil {
		return true
	}
	return time.Until(claims.ExpiresAt.Time) < 2*time.Second
}
