// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// The flags of authenticator data (Web Authentication Level 3, section 6.1).
const (
	UserPresent    byte = 0x01
	UserVerified   byte = 0x04
	BackupEligible byte = 0x08
	BackedUp       byte = 0x10
	Attested       byte = 0x40
)

// Passkey is what an authenticator in software keeps and says of one passkey, which signs with
// ES256. Any of it may be changed between two answers.
type Passkey struct {
	Key          *ecdsa.PrivateKey
	CredentialID []byte
	// Handle is what the authenticator knows the user by, in base64url.
	Handle string
	// Origin is of the page that asks, RPID what the authenticator takes the realm for.
	Origin, RPID string
	Flags        byte
	Counter      uint32
	// Alter changes the client data before it is signed; nil leaves it as a browser makes it.
	Alter func(clientData map[string]any)
}

// NewPasskey is one that verifies its user and stays on its authenticator.
func NewPasskey(origin, rpID string) (Passkey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Passkey{}, fmt.Errorf("make key of passkey: %w", err)
	}
	p := Passkey{Key: key, CredentialID: make([]byte, 32), Origin: origin, RPID: rpID, Flags: UserPresent | UserVerified}
	_, _ = rand.Read(p.CredentialID)
	return p, nil
}

// Create answers a challenge for a new passkey, in the JSON form of PublicKeyCredential (section
// 5.1). Nobody vouches for it.
func (p Passkey) Create(challenge string) (string, error) {
	client, err := p.clientData("webauthn.create", challenge)
	if err != nil {
		return "", err
	}
	key, err := p.coseKey()
	if err != nil {
		return "", err
	}
	data := p.authenticatorData(p.Flags | Attested)
	data = append(data, make([]byte, 16)...) // of no make
	data = binary.BigEndian.AppendUint16(data, uint16(len(p.CredentialID)))
	data = slices.Concat(data, p.CredentialID, key)
	return p.credential(map[string]any{
		"clientDataJSON": base64url(client), "attestationObject": base64url(attestationOf(data)), "transports": []string{"internal"},
	})
}

// Get answers a challenge for a passkey that is there, in the same form.
func (p Passkey) Get(challenge string) (string, error) {
	client, err := p.clientData("webauthn.get", challenge)
	if err != nil {
		return "", err
	}
	data := p.authenticatorData(p.Flags)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, digest[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, p.Key, signed[:])
	if err != nil {
		return "", fmt.Errorf("sign with passkey: %w", err)
	}
	return p.credential(map[string]any{
		"clientDataJSON": base64url(client), "authenticatorData": base64url(data), "signature": base64url(signature), "userHandle": p.Handle,
	})
}

func (p Passkey) clientData(kind, challenge string) ([]byte, error) {
	said := map[string]any{"type": kind, "challenge": challenge, "origin": p.Origin, "crossOrigin": false}
	if p.Alter != nil {
		p.Alter(said)
	}
	document, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("encode client data: %w", err)
	}
	return document, nil
}

func (p Passkey) authenticatorData(flags byte) []byte {
	hash := sha256.Sum256([]byte(p.RPID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), p.Counter)
}

// coseKey is the public key in COSE (RFC 9053, section 7.1.1), of two times 32 bytes.
func (p Passkey) coseKey() ([]byte, error) {
	public, err := p.Key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode key of passkey: %w", err)
	}
	x, y := public[1:33], public[33:]
	return slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, x, []byte{0x22, 0x58, 0x20}, y), nil
}

// attestationOf is authenticator data that nobody vouches for, in CBOR (RFC 8949).
func attestationOf(data []byte) []byte {
	object := []byte{0xa3}
	object = append(object, "\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"...)
	return append(binary.BigEndian.AppendUint16(object, uint16(len(data))), data...)
}

func (p Passkey) credential(response map[string]any) (string, error) {
	id := base64url(p.CredentialID)
	document, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	if err != nil {
		return "", fmt.Errorf("encode credential: %w", err)
	}
	return string(document), nil
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
