// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

// exchangeDeviceCode is the grant urn:ietf:params:oauth:grant-type:device_code (RFC 8628,
// section 3.4), for which a device asks until somebody has answered.
func (s *Service) exchangeDeviceCode(ctx context.Context, c call) (tokenAnswer, error) {
	code := c.secret("device_code")
	if code == "" {
		return tokenAnswer{}, refuse(InvalidRequest, "device_code is missing.")
	}
	if err := s.readyToSign(c.client); err != nil {
		return tokenAnswer{}, err
	}
	if _, err := s.audienceOf(c.client, c.resources()); err != nil {
		return tokenAnswer{}, err // before the code is used up
	}
	issued, state, err := s.Grants.RedeemDevice(ctx, code, s.termsOf(c), c.from)
	if err != nil {
		return tokenAnswer{}, err
	}
	if state != grant.DeviceAllowed {
		return tokenAnswer{}, deviceRefusal(state)
	}
	answer, err := s.answerDeviceCode(ctx, c, issued)
	if err != nil {
		s.abandon(ctx, c, issued)
		return tokenAnswer{}, err
	}
	s.Clients.MarkUsed(ctx, c.client)
	return answer, nil
}

// answerDeviceCode is the answer with the first tokens of a grant. Between the answer of the
// person and this, they may have left a group, and the client may have lost a scope.
func (s *Service) answerDeviceCode(ctx context.Context, c call, issued grant.Issued) (tokenAnswer, error) {
	var err error
	if issued.Grant, err = s.stillGranted(ctx, c.client, issued); err != nil {
		if errors.Is(err, refuse(InvalidGrant, "")) {
			err = refuse(AccessDenied, "The user may not use this client.")
		}
		return tokenAnswer{}, err
	}
	audience, err := narrowed(issued.Grant, c.resources())
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.answerIssued(ctx, c, issued, issued.Grant.Scopes, audience)
}

// deviceRefusal is what a device is told that is given nothing (RFC 8628, section 3.5).
func deviceRefusal(state grant.DeviceState) *Error {
	switch state {
	case grant.DeviceWaits:
		return refuse(AuthorizationPending, "Nobody has answered yet. Ask again after the interval.")
	case grant.DeviceTooSoon:
		return refuse(SlowDown, "The interval was not over yet. From now on, wait five seconds longer.")
	case grant.DeviceDenied:
		return refuse(AccessDenied, "The user has denied this.")
	case grant.DeviceExpired:
		return refuse(ExpiredToken, "The code has expired. Ask for another one.")
	default:
		return refuse(InvalidGrant, "The code was used already, is of another client, or is none.")
	}
}
