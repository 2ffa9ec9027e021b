// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
)

// The flags of authenticator data (Web Authentication, section 6.1).
const (
	userPresent    = 0x01
	userVerified   = 0x04
	backupEligible = 0x08
	backedUp       = 0x10
	attested       = 0x40
)

// device is an authenticator in software, with one passkey, which signs with ES256. What it says
// may be changed between two answers.
type device struct {
	t            *testing.T
	key          *ecdsa.PrivateKey
	credentialID []byte
	handle       string
	// origin is of the page that asks, rpID what the device takes the realm for.
	origin, rpID string
	flags        byte
	counter      uint32
}

// newDevice verifies its user, and keeps its passkey for itself.
func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, key: key, credentialID: make([]byte, 32), origin: issuer, rpID: issuerHost, flags: userPresent | userVerified}
	_, _ = rand.Read(d.credentialID)
	return d
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
	client := d.clientData("webauthn.create", c.Options.Challenge)
	data := d.authenticatorData(d.flags | attested)
	data = append(data, make([]byte, 16)...) // of no make
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.credentialID)))
	data = slices.Concat(data, d.credentialID, d.coseKey())
	return d.credential(map[string]any{
		"clientDataJSON": base64url(client), "attestationObject": base64url(attestationOf(data)), "transports": []string{"internal"},
	})
}

// get answers a ceremony for a passkey that the device has.
func (d *device) get(c ceremony) string {
	d.t.Helper()
	client := d.clientData("webauthn.get", c.Options.Challenge)
	data := d.authenticatorData(d.flags)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, digest[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.credential(map[string]any{
		"clientDataJSON": base64url(client), "authenticatorData": base64url(data), "signature": base64url(signature), "userHandle": d.handle,
	})
}

func (d *device) clientData(kind, challenge string) []byte {
	d.t.Helper()
	document, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return document
}

func (d *device) authenticatorData(flags byte) []byte {
	hash := sha256.Sum256([]byte(d.rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.counter)
}

// coseKey is the public key in COSE (RFC 9053, section 7.1.1), of two times 32 bytes.
func (d *device) coseKey() []byte {
	d.t.Helper()
	public, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	x, y := public[1:33], public[33:]
	return slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, x, []byte{0x22, 0x58, 0x20}, y)
}

// attestationOf is authenticator data that nobody vouches for, in CBOR (RFC 8949).
func attestationOf(data []byte) []byte {
	object := []byte{0xa3}
	object = append(object, "\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"...)
	return append(binary.BigEndian.AppendUint16(object, uint16(len(data))), data...)
}

func (d *device) credential(response map[string]any) string {
	d.t.Helper()
	document, err := json.Marshal(map[string]any{
		"id": base64url(d.credentialID), "rawId": base64url(d.credentialID), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(document)
}
