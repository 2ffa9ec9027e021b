// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// DeviceState is what has become of a device's request.
type DeviceState string

const (
	// DeviceUnknown is a code that nobody knows, or not of this client.
	DeviceUnknown DeviceState = "unknown"
	// DeviceWaits is one that nobody has answered, DeviceTooSoon one that was asked for
	// before its interval was over.
	DeviceWaits   DeviceState = "waits"
	DeviceTooSoon DeviceState = "too_soon"
	DeviceDenied  DeviceState = "denied"
	DeviceExpired DeviceState = "expired"
	// DeviceAllowed is one that can be redeemed, DeviceUsed one that was.
	DeviceAllowed DeviceState = "allowed"
	DeviceUsed    DeviceState = "used"
)

// DevicePoll is a device that asks what has become of its request.
type DevicePoll struct {
	Code     auth.TokenHash
	ClientID string
	// Since is when the client came to be.
	Since time.Time
	// Punctual is at what time the interval must be over, Now the time, and SlowDown what
	// is added to the interval of a device that asks before.
	Punctual, Now time.Time
	SlowDown      time.Duration
}

// RedeemDevice exchanges a device code for the grant that somebody has allowed: once, for
// the client that the code is of. A code that was used before ends what it was exchanged for,
// as an authorization code does. There is a grant with DeviceAllowed alone. It refuses with
// DatabaseUnavailable.
func (s *Service) RedeemDevice(ctx context.Context, code auth.Secret, terms Terms, from auth.Client) (Issued, DeviceState, error) {
	if !auth.IsOpaque(DevicePrefix, code) {
		return Issued{}, DeviceUnknown, nil
	}
	now := s.Now()
	state, err := s.Store.PollDeviceCode(ctx, DevicePoll{
		Code: auth.HashOf(code), ClientID: terms.ClientID, Since: terms.Since, Punctual: now.Add(pollsEarly), Now: now, SlowDown: SlowDown,
	})
	switch {
	case err != nil:
		return Issued{}, DeviceUnknown, err
	case state == DeviceUsed:
		return Issued{}, state, s.deviceReused(context.WithoutCancel(ctx), code, terms, from)
	case state != DeviceAllowed:
		return Issued{}, state, nil
	}
	return s.useDevice(ctx, code, terms, from)
}

func (s *Service) useDevice(ctx context.Context, code auth.Secret, terms Terms, from auth.Client) (Issued, DeviceState, error) {
	refresh, hash, err := s.firstToken(terms)
	if err != nil {
		return Issued{}, DeviceUnknown, err
	}
	told, err := s.Audit.NewEvent(auth.ActBeginGrant, "", "", from)
	if err != nil {
		return Issued{}, DeviceUnknown, err
	}
	told.Detail = terms.ClientID
	now := told.At
	// Whoever hangs up has used the code all the same.
	conclude := context.WithoutCancel(ctx)
	held, begun, err := s.Store.UseDeviceCode(conclude, Redemption{
		Code: auth.HashOf(code), Terms: terms, GrantKey: terms.boundKey(), Refresh: hash,
		SessionsSince: s.Settings().Tokens.SessionsSince(now), Now: now, ExpiresAt: now.Add(terms.lifetime()),
	}, told)
	switch {
	case err != nil:
		return Issued{}, DeviceUnknown, err
	case !begun:
		return Issued{}, DeviceUsed, s.deviceReused(conclude, code, terms, from)
	}
	told.ActorID, told.TargetID = held.User.ID, held.User.ID
	s.Audit.Print(ctx, told)
	return issuedOf(held, refresh, terms), DeviceAllowed, nil
}

// deviceReused ends what a device code was exchanged for that is shown again.
func (s *Service) deviceReused(ctx context.Context, code auth.Secret, terms Terms, from auth.Client) error {
	told, err := s.Audit.NewEvent(auth.ActReuseDeviceCode, "", "", from)
	if err != nil {
		return err
	}
	told.Outcome, told.Detail = string(auth.CodeInvalid), terms.ClientID
	held, ended, err := s.Store.EndGrantOfDeviceCode(ctx, auth.HashOf(code), told.At, told)
	if err == nil && ended {
		s.Sessions.RevokeSessions(ctx, held.Grant.ID)
		told.TargetID = held.User.ID
		s.Audit.Print(ctx, told)
	}
	return err
}
