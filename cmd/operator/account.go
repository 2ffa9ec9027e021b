// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

// account is a user of a realm, who trusts the realm's CA and nothing else.
type account struct {
	issuer, endpoint string
	trusted          []byte // PEM
	email, password  string
}

const (
	answerTimeout = 30 * time.Second
	longestAnswer = 1 << 20 // bytes
)

// proveLogin logs in and verifies the access token as any application would: by
// the JWKS.
func (a account) proveLogin(ctx context.Context) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.trusted) {
		return errors.New("the realm's trust bundle holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: tlspolicy.New()}
	transport.TLSClientConfig.RootCAs = roots
	defer transport.CloseIdleConnections()
	browser := &http.Client{Transport: transport, Timeout: answerTimeout}

	credentials, err := json.Marshal(map[string]string{"email": a.email, "password": a.password})
	if err != nil {
		return err
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := a.ask(ctx, browser, http.MethodPost, "/api/auth/login", credentials, &tokens); err != nil {
		return err
	}
	ctx = oidc.ClientContext(ctx, browser)
	keys := oidc.NewRemoteKeySet(ctx, a.endpoint+"/.well-known/jwks.json")
	_, err = oidc.NewVerifier(a.issuer, keys, &oidc.Config{
		SkipClientIDCheck:    true, // the audience is the realm's own affair
		SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256, oidc.EdDSA},
	}).Verify(ctx, tokens.Access)
	if err != nil {
		return fmt.Errorf("verify the access token: %w", err)
	}
	return nil
}

func (a account) ask(ctx context.Context, browser *http.Client, method, path string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, a.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := browser.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answers %s", method, path, response.Status)
	}
	return json.Unmarshal(answer, into)
}
