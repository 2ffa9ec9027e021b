// SPDX-License-Identifier: Apache-2.0

package webauthn_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// FuzzAttestation gives the parser of CBOR what it likes behind the right challenge, unlike
// FuzzCreated. What is taken is a credential that is bounded and can be read again.
func FuzzAttestation(f *testing.F) {
	p, err := testenv.NewPasskey(realm().Origins[0], realm().ID)
	if err != nil {
		f.Fatal(err)
	}
	q, err := authenticators().Create(realm(), person(), false)
	if err != nil {
		f.Fatal(err)
	}
	answer, err := p.Create(challengeOf(f, q))
	if err != nil {
		f.Fatal(err)
	}
	right := responseOf(f, answer).AttestationObject
	f.Add(decoded(f, right))
	for _, seed := range attestations() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, attestation []byte) {
		changed := strings.Replace(answer, right, base64.RawURLEncoding.EncodeToString(attestation), 1)
		created, err := authenticators().Created(realm(), person(), q.State, []byte(changed))
		if errors.Is(err, passkey.ErrAnswer) {
			return
		}
		if err != nil || len(created.CredentialID) == 0 || len(created.CredentialID) > 1023 || created.BackedUp && !created.BackupEligible {
			t.Fatalf("%x is %+v, %v", attestation, created, err)
		}
		who := person()
		who.Credentials = []passkey.Credential{created}
		if _, err := authenticators().Create(realm(), who, false); err != nil {
			t.Errorf("%x cannot be read again: %v", attestation, err)
		}
	})
}

// attestations are in every form that the library knows, most of them with nothing in it.
func attestations() []string {
	data := strings.Repeat("\x00", 37)
	seeds := []string{"", "\xa0", "\xbf\x63", strings.Repeat("\x81", 64), "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\xc0\x00", "\xa1\x00\xf9\x7e\x00"}
	for _, format := range []string{"none", "packed", "tpm", "apple", "fido-u2f", "android-key", "android-safetynet", "compound"} {
		for _, statement := range []string{
			"\xa0", "\x80", "\xa1\x63alg\x26", "\xa2\x63alg\x26\x63sig\x41\x00", "\xa3\x63alg\x26\x63sig\x41\x00\x63x5c\x81\x41\x00",
			"\xa2\x63ver\x632.0\x68response\x41\x00",
		} {
			name := string([]byte{0x60 | byte(len(format))}) + format
			seeds = append(seeds, "\xa3\x63fmt"+name+"\x67attStmt"+statement+"\x68authData\x58\x25"+data)
		}
	}
	return seeds
}

// FuzzKey gives somebody a credential with any bytes for its key: whatever they are, nothing is
// right that was signed with another.
func FuzzKey(f *testing.F) {
	p, who := newPasskey(f)
	record := struct{ PublicKey []byte }{}
	if err := json.Unmarshal(who.Credentials[0].Record, &record); err != nil {
		f.Fatal(err)
	}
	right := record.PublicKey
	for _, seed := range [][]byte{
		nil, right, right[:10], []byte("\xa0"), []byte("\xa1\x01\x02"), []byte("\xa3\x01\x03\x03\x39\x01\x00\x20\x41\x00"),
		[]byte("\xa4\x01\x01\x03\x27\x20\x06\x21\x40"), slices.Concat(right, right),
	} {
		f.Add(seed)
	}
	point, err := p.Key.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	state, answer := signedBy(f, p)
	f.Fuzz(func(t *testing.T, key []byte) {
		document, err := json.Marshal(map[string]any{"publicKey": key})
		if err != nil {
			t.Fatal(err)
		}
		other := who
		other.Credentials = []passkey.Credential{{CredentialID: p.CredentialID, RelyingPartyID: realm().ID, Record: document}}
		find := func([]byte, []byte) (passkey.Person, error) { return other, nil }
		_, err = authenticators().Got(realm(), state, []byte(answer), find)
		same := strings.Contains(string(key), string(point[1:33]))
		if !errors.Is(err, passkey.ErrAnswer) && (err != nil || !same) {
			t.Errorf("%x: %v", key, err)
		}
	})
}

// FuzzSigned gives a passkey's answer other authenticator data and another signature: only what
// it has signed itself is taken.
func FuzzSigned(f *testing.F) {
	p, who := newPasskey(f)
	state, answer := signedBy(f, p)
	response := responseOf(f, answer)
	data, signature := decoded(f, response.AuthenticatorData), decoded(f, response.Signature)
	for _, flags := range []byte{0x01, 0x05, 0x41, 0x81, 0xc5, 0xff} {
		changed := slices.Clone(data)
		changed[32] = flags
		f.Add(changed, signature)
		f.Add(slices.Concat(changed, []byte("\xa1\x60\x00")), signature)
	}
	f.Add(data, []byte(nil))
	f.Add(data[:36], signature)
	find := func([]byte, []byte) (passkey.Person, error) { return who, nil }
	f.Fuzz(func(t *testing.T, said, signed []byte) {
		if slices.Equal(said, data) && slices.Equal(signed, signature) {
			return
		}
		changed := strings.Replace(answer, response.AuthenticatorData, base64.RawURLEncoding.EncodeToString(said), 1)
		changed = strings.Replace(changed, response.Signature, base64.RawURLEncoding.EncodeToString(signed), 1)
		if a, err := authenticators().Got(realm(), state, []byte(changed), find); !errors.Is(err, passkey.ErrAnswer) {
			t.Errorf("%x with %x is %+v, %v", said, signed, a, err)
		}
	})
}

// responseOf is what an authenticator has answered, in base64url.
func responseOf(t testing.TB, answer string) (response struct{ AttestationObject, AuthenticatorData, Signature string }) {
	t.Helper()
	form := struct{ Response any }{&response}
	if err := json.Unmarshal([]byte(answer), &form); err != nil {
		t.Fatal(err)
	}
	return response
}

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
