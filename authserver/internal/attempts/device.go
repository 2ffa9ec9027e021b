// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A device that has logged in keeps a token that says so. It lets nobody in: it
// only spares its bearer the counter of strangers, who could otherwise lock an
// owner out by guessing.
const (
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
func (s *Service) sealDevice(d device) (auth.Secret, error) {
	document, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode device: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedForDevice, "", document)
	if err != nil {
		return "", err
	}
	return auth.Secret(deviceTokenPrefix + base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// openDevice reads a token; one that is not ours is no token. It asks no store.
func (s *Service) openDevice(token auth.Secret) (device, bool) {
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
func (s *Service) deviceOf(user auth.User, from auth.Client) (device, bool) {
	d, ok := s.openDevice(from.Device)
	known := ok && d.UserID == user.ID && s.Now().Before(d.LoggedInAt.Add(auth.DeviceLifetime)) &&
		(user.PasswordChangedAt == nil || d.LoggedInAt.After(*user.PasswordChangedAt))
	return d, known
}

// RecogniseDevice is the token that the device user logs in with gets, and the mail
// about a new one.
func (s *Service) RecogniseDevice(ctx context.Context, user auth.User, from auth.Client) (auth.Secret, []auth.Message, error) {
	d, known := s.deviceOf(user, from)
	var mails []auth.Message
	if !known {
		id, err := s.NewID()
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
func (s *Service) newDeviceMail(ctx context.Context, user auth.User, from auth.Client) ([]auth.Message, error) {
	if user.LastLoginAt == nil || s.Settings().Email == nil {
		return nil, nil
	}
	addresses, err := s.Store.AddressesOf(ctx, user.ID, from.UserAgent)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(addresses, func(a string) bool { return auth.Client{Address: a}.Source() == from.Source() }) {
		return nil, nil
	}
	return s.Notify.Mail(auth.NewDeviceMessage, user, from)
}
