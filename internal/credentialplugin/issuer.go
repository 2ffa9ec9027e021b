// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

// NewHTTP trusts the authorities of a certificate in PEM, or those of the machine where there
// is none. It heeds HTTPS_PROXY and follows no redirect.
func NewHTTP(authority []byte) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlspolicy.New()
	if len(authority) > 0 {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(authority) {
			return nil, errors.New("the certificate authority is no certificate in PEM")
		}
	}
	return &http.Client{
		Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// described is what an issuer says of itself.
type described struct {
	discovery.Document
	Device     string `json:"device_authorization_endpoint"`
	Revocation string `json:"revocation_endpoint"`
}

// largest is how many bytes a document may have.
const largest = 1 << 20

// discover asks the issuer where it answers (OpenID Connect Discovery 1.0, section 4).
func (p *Plugin) discover(ctx context.Context) (described, error) {
	if !ownOrHTTPS(p.Issuer) {
		return described{}, errors.New("the issuer must be an https:// URL, since tokens are sent there")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, discovery.URL(p.Issuer), nil)
	if err != nil {
		return described{}, fmt.Errorf("ask the issuer: %w", err)
	}
	response, err := p.HTTP.Do(r)
	if err != nil {
		return described{}, fmt.Errorf("ask the issuer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	document, err := io.ReadAll(io.LimitReader(response.Body, largest))
	switch {
	case err != nil:
		return described{}, fmt.Errorf("ask the issuer: %w", err)
	case response.StatusCode != http.StatusOK:
		return described{}, fmt.Errorf("%s answers %d: is that an issuer?", r.URL, response.StatusCode)
	}
	d, err := parse(p.Issuer, document)
	if err != nil {
		return described{}, fmt.Errorf("%s: %w", p.Issuer, err)
	}
	return d, nil
}

func parse(issuer string, document []byte) (described, error) {
	d := described{}
	if err := discovery.Decode(document, &d); err != nil {
		return described{}, err
	}
	var err error
	if d.Document, err = discovery.Parse(realmconfig.Provider{Type: realmconfig.OIDC, Issuer: issuer}, document); err != nil {
		return described{}, err
	}
	for _, address := range []string{d.Device, d.Revocation} {
		if !discovery.AsSafeAs(issuer, cmp.Or(address, d.Token)) {
			return described{}, discovery.ErrEndpoints
		}
	}
	return d, nil
}

// config is the client, which is public: it has no secret to show.
func (p *Plugin) config(d described) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, Scopes: p.Scopes, Endpoint: oauth2.Endpoint{
		AuthURL: d.Authorization, TokenURL: d.Token, DeviceAuthURL: d.Device, AuthStyle: oauth2.AuthStyleInParams,
	}}
}

// asking lets golang.org/x/oauth2 ask by our client.
func (p *Plugin) asking(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, p.HTTP)
}

// revoke makes a refresh token worthless, and with it all that was given for it.
func (p *Plugin) revoke(ctx context.Context, token Secret) error {
	d, err := p.discover(ctx)
	if err != nil || d.Revocation == "" || token == "" {
		return err
	}
	form := url.Values{"token": {string(token)}, "token_type_hint": {"refresh_token"}, "client_id": {p.ClientID}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := p.HTTP.Do(r)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %d", response.StatusCode)
	}
	return nil
}

// ownOrHTTPS reports whether what is sent to an address can be read by nobody on the way.
func ownOrHTTPS(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
