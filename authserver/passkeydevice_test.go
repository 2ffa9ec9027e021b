// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

const (
	userPresent    = testenv.UserPresent
	userVerified   = testenv.UserVerified
	backupEligible = testenv.BackupEligible
	backedUp       = testenv.BackedUp
)

// device is an authenticator with one passkey. What it says may be changed between two answers;
// see testenv.Passkey.
type device struct {
	t            *testing.T
	key          *ecdsa.PrivateKey
	credentialID []byte
	handle       string
	origin, rpID string
	flags        byte
	counter      uint32
	alter        func(clientData map[string]any)
}

// newDevice verifies its user, and keeps its passkey for itself.
func newDevice(t *testing.T) *device {
	t.Helper()
	p, err := testenv.NewPasskey(issuer, issuerHost)
	if err != nil {
		t.Fatal(err)
	}
	return &device{t: t, key: p.Key, credentialID: p.CredentialID, origin: p.Origin, rpID: p.RPID, flags: p.Flags}
}

// says puts something else into the client data.
func (d *device) says(name string, value any) {
	d.alter = func(clientData map[string]any) { clientData[name] = value }
}

func (d *device) passkey() testenv.Passkey {
	return testenv.Passkey{
		Key: d.key, CredentialID: d.credentialID, Handle: d.handle, Origin: d.origin, RPID: d.rpID,
		Flags: d.flags, Counter: d.counter, Alter: d.alter,
	}
}

// ceremony is what the realm asks.
type ceremony struct {
	Ceremony  string
	ExpiresIn int `json:"expires_in"`
	Options   struct {
		Challenge string
		RP        struct{ ID, Name string }
		RPID      string `json:"rpId"`
		User      struct{ ID, Name, DisplayName string }

		UserVerification   string
		Attestation        string
		Timeout            int
		AllowCredentials   []struct{ ID string }
		ExcludeCredentials []struct{ ID string }
	}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// create answers a ceremony for a new passkey.
func (d *device) create(c ceremony) string {
	d.t.Helper()
	d.handle = c.Options.User.ID
	return d.answered(d.passkey().Create(c.Options.Challenge))
}

// get answers a ceremony for a passkey that the device has.
func (d *device) get(c ceremony) string {
	d.t.Helper()
	return d.answered(d.passkey().Get(c.Options.Challenge))
}

func (d *device) answered(credential string, err error) string {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	return credential
}
