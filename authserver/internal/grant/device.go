// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

const (
	// DevicePrefix tells a device code from other tokens.
	DevicePrefix = "rkv_"
	// DeviceCodeLifetime is enough to take out a telephone, and to sign in on it.
	DeviceCodeLifetime = 10 * time.Minute
	// PollInterval is how long a device waits between two polls, and SlowDown by how much
	// longer after one that came too soon (RFC 8628, section 3.5).
	PollInterval, SlowDown = 5 * time.Second, 5 * time.Second
	// pollsEarly is by how much sooner a poll may come: networks are not punctual.
	pollsEarly = time.Second
	// maxOpenDeviceCodes bounds those of one client that nobody has answered.
	maxOpenDeviceCodes = 1000
	// userCodeTries is how often a code is made again that another device has already.
	userCodeTries = 3
)

// DeviceRequest is what a device waits for somebody to allow (RFC 8628, section 3.1).
type DeviceRequest struct {
	Hash auth.TokenHash
	Authorization
	// From is the device, as far as the realm may believe it.
	From                 auth.Client
	CreatedAt, ExpiresAt time.Time
}

// NewDeviceCode is a DeviceRequest on its way into the Store.
type NewDeviceCode struct {
	DeviceRequest
	UserCode auth.TokenHash
	Interval time.Duration
	// MostOpen is how many the client may have that nobody has answered, this one included.
	MostOpen int
}

// DeviceCodes are what a device is told: its own secret, and the letters that it shows.
type DeviceCodes struct{ Device, User auth.Secret }

// RequestDevice makes the codes of a device that wants what a says. It refuses with
// RateLimited a client of which too many devices wait, or with DatabaseUnavailable.
func (s *Service) RequestDevice(ctx context.Context, a Authorization, from auth.Client) (DeviceCodes, error) {
	device, err := auth.NewOpaque(DevicePrefix, s.Random)
	if err != nil {
		return DeviceCodes{}, err
	}
	now := s.Now()
	code := NewDeviceCode{
		DeviceRequest: DeviceRequest{
			Hash: auth.HashOf(device), Authorization: a, From: from, CreatedAt: now, ExpiresAt: now.Add(DeviceCodeLifetime),
		},
		Interval: PollInterval, MostOpen: maxOpenDeviceCodes,
	}
	for range userCodeTries {
		letters, err := newUserCode(s.Random)
		if err != nil {
			return DeviceCodes{}, err
		}
		code.UserCode = auth.HashOf(letters)
		created, room, err := s.Store.CreateDeviceCode(ctx, code)
		switch {
		case err != nil:
			return DeviceCodes{}, err
		case !room:
			return DeviceCodes{}, auth.RefuseFor(auth.RateLimited, time.Minute)
		case created:
			return DeviceCodes{device, letters}, nil
		}
	}
	return DeviceCodes{}, auth.RefuseFor(auth.Busy, time.Second)
}

// FindDevice finds the device that shows a code, for somebody who has typed it: each wrong
// one counts against their account and their source. It refuses with CodeInvalid where no
// device waits with it, and with AccountLocked, RateLimited or TooManyAttempts whoever has
// guessed too often.
func (s *Service) FindDevice(ctx context.Context, letters auth.Secret, who auth.Subject, from auth.Client) (DeviceRequest, error) {
	counters := s.Attempts.DeviceCodeCounters(who.UserID, from)
	if err := s.Attempts.Reserve(ctx, counters...); err != nil {
		return DeviceRequest{}, err
	}
	conclude := context.WithoutCancel(ctx)
	found, err := s.WaitingDevice(ctx, letters)
	if refusal := auth.Refuse(auth.CodeInvalid); errors.Is(err, refusal) {
		if tallies := s.Attempts.Fail(conclude, auth.Effects{}, counters...); tallies != nil {
			refusal.AttemptsLeft = &tallies[0].Left
		}
		return DeviceRequest{}, refusal
	}
	s.Attempts.Release(conclude, counters...)
	return found, err
}

// WaitingDevice is FindDevice for a code that was found before. It refuses with CodeInvalid
// where no device waits with it any more.
func (s *Service) WaitingDevice(ctx context.Context, letters auth.Secret) (DeviceRequest, error) {
	found, waits, err := s.Store.OpenDeviceCode(ctx, auth.HashOf(letters), s.Now())
	switch {
	case err != nil:
		return DeviceRequest{}, err
	case !waits:
		return DeviceRequest{}, auth.Refuse(auth.CodeInvalid)
	}
	return found, nil
}

// DeviceAnswer is what somebody has answered to a device's request.
type DeviceAnswer struct {
	Device auth.TokenHash
	Terms
	UserID, SessionID string
	GrantID           string
	// SessionsSince is when the session must have begun at the earliest.
	SessionsSince time.Time
	Now           time.Time
}

// AllowDevice begins a grant for a device, on the word of a session. The grant has a session
// of its own from this moment on, so that whatever ends the user's sessions ends it, also
// before the device has come for it. The user is told by mail of the device and of where it
// is: whoever has talked them into typing a code has it elsewhere. Of any number of answers
// to a device one counts: it is false for the others, and where the session is over.
func (s *Service) AllowDevice(ctx context.Context, d DeviceRequest, who auth.Subject, terms Terms, from auth.Client) (bool, error) {
	user, found, err := s.Store.UserByID(ctx, who.UserID)
	if err != nil || !found {
		return false, err
	}
	mails, err := s.Notify.MailWith(auth.DeviceAllowedMessage, user, notify.Notice{Application: terms.Name}, d.From)
	if err != nil {
		return false, err
	}
	id, err := s.NewID()
	if err != nil {
		return false, err
	}
	return s.answerDevice(ctx, d, who, auth.ActAllowDevice, from, func(ctx context.Context, told auth.Event) (bool, error) {
		return s.Store.AllowDeviceCode(ctx, DeviceAnswer{
			Device: d.Hash, Terms: terms, UserID: who.UserID, SessionID: who.SessionID, GrantID: id,
			SessionsSince: s.Settings().Tokens.SessionsSince(told.At), Now: told.At,
		}, auth.Effects{Messages: mails, Events: []auth.Event{told}})
	})
}

// DenyDevice turns a device away. It is false as AllowDevice is.
func (s *Service) DenyDevice(ctx context.Context, d DeviceRequest, who auth.Subject, from auth.Client) (bool, error) {
	return s.answerDevice(ctx, d, who, auth.ActDenyDevice, from, func(ctx context.Context, told auth.Event) (bool, error) {
		return s.Store.DenyDeviceCode(ctx, d.Hash, told.At, told)
	})
}

func (s *Service) answerDevice(
	ctx context.Context, d DeviceRequest, who auth.Subject, action auth.Action, from auth.Client,
	answer func(context.Context, auth.Event) (bool, error),
) (bool, error) {
	told, err := s.Audit.NewEvent(action, who.UserID, who.UserID, from)
	if err != nil {
		return false, err
	}
	told.Detail = d.ClientID
	first, err := answer(ctx, told)
	if err == nil && first {
		s.Audit.Print(ctx, told)
	}
	return first, err
}
