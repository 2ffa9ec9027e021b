// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const requestTimeout = 10 * time.Second

// verify checks an access token as a resource server would, from nothing but
// the issuer: discovery, keys, signature, issuer, expiry. It returns the claims.
func verify(ctx context.Context, r realm, token string) (json.RawMessage, error) {
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(r.authority) {
		return nil, errors.New("the realm's authority is not a certificate in PEM")
	}
	client := &http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
		// The issuer's name need not resolve on this machine.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, r.address)
		},
	}}
	ctx = oidc.ClientContext(ctx, client)
	provider, err := oidc.NewProvider(ctx, r.issuer.String())
	if err != nil {
		return nil, fmt.Errorf("discover the issuer: %w", err)
	}
	// An access token is for the realm's audience, not for a client of ours.
	verified, err := provider.Verifier(&oidc.Config{SkipClientIDCheck: true}).Verify(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("verify the access token: %w", err)
	}
	var claims json.RawMessage
	if err := verified.Claims(&claims); err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return claims, nil
}
