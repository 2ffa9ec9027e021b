// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// What becomes of devices, as an Observer is told.
const (
	deviceRequested = "requested"
	deviceAllowed   = "allowed"
	deviceDenied    = "denied"
	deviceWrongCode = "wrong_code"
)

// deviceAnswer is that of RFC 8628, section 3.2. Times are in seconds.
type deviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"`
	Interval                int64  `json:"interval"`
}

// authorizeDevice is the device authorization endpoint (RFC 8628, section 3.1): a code for
// the device, and one for somebody to type.
func (s *Service) authorizeDevice(ctx context.Context, c call) (any, error) {
	if !c.client.Grants(realmconfig.DeviceCodeGrant) {
		return nil, refuse(UnauthorizedClient, "The client may not ask for the code of a device.")
	}
	asked, err := parseScope(c.get("scope"))
	if err != nil {
		return nil, err
	}
	audience, err := s.audienceOf(c.client, c.resources())
	if err != nil {
		return nil, err
	}
	codes, err := s.Grants.RequestDevice(ctx, grant.Authorization{
		ClientID: c.client.ID, Scopes: grantedScopes(c.client, asked), Audience: audience,
	}, c.from)
	if err != nil {
		return nil, err
	}
	s.Observer.Device(deviceRequested)
	return deviceAnswer{
		DeviceCode: string(codes.Device), UserCode: grant.FormatUserCode(codes.User),
		VerificationURI:         s.address(request.DevicePath),
		VerificationURIComplete: s.address(deviceAddress(codes.User)),
		ExpiresIn:               int64(grant.DeviceCodeLifetime / time.Second),
		Interval:                int64(grant.PollInterval / time.Second),
	}, nil
}

// deviceAddress is that of the page where somebody types a code, with the code in it where it
// is known.
func deviceAddress(letters auth.Secret) string {
	if letters == "" {
		return request.DevicePath
	}
	return request.DevicePath + "?" + url.Values{userCodeParameter: {grant.FormatUserCode(letters)}}.Encode()
}

// userCodeParameter is also what the page's field is called.
const userCodeParameter = "user_code"
