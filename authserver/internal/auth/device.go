// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A device that has logged in keeps a token that says so. It lets nobody in: it
// only spares its bearer the counter of strangers, who could otherwise lock an
// owner out by guessing.
const (
	// DeviceLifetime is how long a device is known after its last login.
	DeviceLifetime = 180 * 24 * time.Hour
	// MaxDeviceTokenLength is in bytes.
	MaxDeviceTokenLength = 1024

	deviceTokenPrefix = "rkd_"
	sealedForDevice   = "known device"
)

// device is what a device token says. Sealing makes it ours; nobody else can
// read it or make one.
type device struct {
	ID         string    `json:"id"`
	UserID     string    `json:"user"`
	LoggedInAt time.Time `json:"at"`
}

// sealDevice is the token of d, under the realm's newest key.
func (s *Service) sealDevice(d device) (Secret, error) {
	document, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode device: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedForDevice, "", document)
	if err != nil {
		return "", err
	}
	return Secret(deviceTokenPrefix + base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// openDevice reads a token; one that is not ours is no token. It asks no store.
func (s *Service) openDevice(token Secret) (device, bool) {
	body, found := strings.CutPrefix(string(token), deviceTokenPrefix)
	if !found || len(token) > MaxDeviceTokenLength {
		return device{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return device{}, false
	}
	document, err := s.Sealer.Open(sealedForDevice, "", sealed)
	if err != nil {
		return device{}, false
	}
	d := device{}
	err = json.Unmarshal(document, &d)
	return d, err == nil && d.ID != ""
}

// deviceOf is the device that a client has proved to be, if user has logged in
// with it. A new password makes every device a stranger again.
func (s *Service) deviceOf(user User, from Client) (device, bool) {
	d, ok := s.openDevice(from.Device)
	known := ok && d.UserID == user.ID && s.Now().Before(d.LoggedInAt.Add(DeviceLifetime)) &&
		(user.PasswordChangedAt == nil || d.LoggedInAt.After(*user.PasswordChangedAt))
	return d, known
}

// passwordCounters are what a guess at the account's password is counted by, the
// one that success clears first: a known device's own counter alone, or
// the account's and the source's. Only a token of ours costs a question.
func (s *Service) passwordCounters(ctx context.Context, email string, from Client) ([]Counter, error) {
	if d, ok := s.openDevice(from.Device); ok {
		user, found, err := s.Store.UserByID(ctx, d.UserID)
		if err != nil {
			return nil, err
		}
		if _, known := s.deviceOf(user, from); found && known && user.Email == email {
			s.Observer.KnownDevice()
			return []Counter{s.deviceCounter(d)}, nil
		}
	}
	if from.Shared {
		return []Counter{s.accountCounter(KeyOf(email))}, nil
	}
	return []Counter{s.accountCounter(KeyOf(email)), s.sourceCounter(from)}, nil
}

// ownCounter is the counter that a user's login clears.
func (s *Service) ownCounter(user User, from Client) Counter {
	if d, known := s.deviceOf(user, from); known {
		return s.deviceCounter(d)
	}
	return s.accountCounter(KeyOf(user.Email))
}

// deviceCounter allows as much as an account's.
func (s *Service) deviceCounter(d device) Counter {
	c := s.accountCounter(AccountKey{})
	c.Kind, c.Key = ByDevice, counterKey(ByDevice, d.ID)
	return c
}

// recognise is the token that the device user logs in with gets, and the mail
// about a new one.
func (s *Service) recognise(ctx context.Context, user User, from Client) (Secret, []Message, error) {
	d, known := s.deviceOf(user, from)
	mails := []Message(nil)
	if !known {
		id, err := s.newID()
		if err != nil {
			return "", nil, err
		}
		d = device{ID: id, UserID: user.ID}
		if mails, err = s.newDeviceMail(ctx, user, from); err != nil {
			return "", nil, err
		}
	}
	d.LoggedInAt = s.Now()
	token, err := s.sealDevice(d)
	return token, mails, err
}

// newDeviceMail tells the owner of a login from where there was none before. The
// first login of all is no news. A client that keeps no token is recognised by
// its name and network, or it would cause a mail each time.
func (s *Service) newDeviceMail(ctx context.Context, user User, from Client) ([]Message, error) {
	if user.LastLoginAt == nil || s.Settings().Email == nil {
		return nil, nil
	}
	addresses, err := s.Store.AddressesOf(ctx, user.ID, from.UserAgent)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(addresses, func(a string) bool { return Client{Address: a}.Source() == from.Source() }) {
		return nil, nil
	}
	return s.notice(NewDeviceMessage, user, from)
}

// ipv6Network is what one subscriber has at least (RFC 6177): whoever sends from
// one address in it can send from all.
const ipv6Network = 64

// Source is what a client's requests are counted by: its IPv4 address, or the
// network that its IPv6 address is in.
func (c Client) Source() string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil || !a.Is6() {
		return c.Address
	}
	network, _ := a.WithZone("").Prefix(ipv6Network)
	return network.String()
}

// sourceCounter counts the failures of a client's source, at whatever account.
func (s *Service) sourceCounter(from Client) Counter {
	lockout := s.Settings().Login.Lockout
	return Counter{
		Kind: BySource, Key: counterKey(BySource, from.Source()),
		Limit: AttemptLimit{Failures: lockout.SourceFailures, Duration: time.Duration(lockout.Duration)},
	}
}
