// SPDX-License-Identifier: Apache-2.0

// Package orders is the API that docs/apps/go-api.md tells how to write: below this
// comment, it is what stands there.
package orders

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
)

// NewVerifier is called once: it keeps the keys, and fetches new ones when it meets them.
// The issuer is https://login.example.com, without a slash at its end.
func NewVerifier(ctx context.Context, issuer string) (*oidc.IDTokenVerifier, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return provider.VerifierContext(ctx, &oidc.Config{
		ClientID:             "shop.orders",     // what aud must name
		SupportedSigningAlgs: []string{"ES256"}, // the realm's signingKeys.algorithm
	}), nil
}

// caller is whom a token speaks for.
type caller struct {
	Subject string `json:"sub"`
	Client  string `json:"client_id"`
	Scope   string `json:"scope"`
}

func verify(ctx context.Context, v *oidc.IDTokenVerifier, raw string) (c caller, err error) {
	verified, err := v.Verify(ctx, raw)
	if err != nil {
		return c, err
	}
	token, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{}) // verified above
	if err != nil {
		return c, err
	}
	if typ, _ := token.Header["typ"].(string); !strings.EqualFold(strings.TrimPrefix(typ, "application/"), "at+jwt") {
		return c, errors.New("not an access token")
	}
	err = verified.Claims(&c)
	return c, err
}

// Needs lets nobody pass without a token that has a scope.
func Needs(scope string, v *oidc.IDTokenVerifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		c, err := caller{}, error(nil)
		if ok {
			c, err = verify(r.Context(), v, raw)
		}
		switch {
		case !ok:
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
		case err != nil:
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
		case !slices.Contains(strings.Fields(c.Scope), scope):
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
			w.WriteHeader(http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
