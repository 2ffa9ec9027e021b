// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// MaxLogoutAnswer bounds what is read of a client's answer to a logout token, in bytes.
// Nothing in it is of interest but that the connection can be used again.
const MaxLogoutAnswer = 16 << 10

// Logouts bring logout tokens to clients (OpenID Connect Back-Channel Logout 1.0, section
// 2.5). They implement backchannel.Transport.
type Logouts struct {
	// settings say whether the clients' addresses may be private ones.
	settings        func() realmconfig.Config
	public, private *http.Client
}

// NewLogouts asks with a client for addresses out of the settings that may be private ones
// or not; it must follow no redirects and keep to MaxLogoutAnswer.
func NewLogouts(settings func() realmconfig.Config, client func(allowPrivate bool) *http.Client) *Logouts {
	return &Logouts{settings, client(false), client(true)}
}

// Tell implements backchannel.Transport. The client has taken the token when it answers
// 200, or 204, which some frameworks make of an empty answer (section 2.8).
func (l *Logouts) Tell(ctx context.Context, c realmconfig.Client, token auth.Secret) error {
	form := url.Values{"logout_token": {string(token)}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BackchannelLogoutURI, strings.NewReader(form))
	if err != nil {
		return fault("its address is not a URL")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "realmkeeper")
	client := l.public
	if l.settings().Clients.AllowPrivateNetworks {
		client = l.private
	}
	response, err := client.Do(r)
	if err != nil {
		return reason(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	switch response.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusBadRequest:
		return backchannel.ErrRefused
	default:
		return faultf("answered %d", response.StatusCode)
	}
}
