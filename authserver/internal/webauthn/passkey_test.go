// SPDX-License-Identifier: Apache-2.0

package webauthn_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// challengeOf is what a question asks to be signed.
func challengeOf(t testing.TB, q passkey.Question) string {
	t.Helper()
	options := struct{ Challenge string }{}
	if err := json.Unmarshal(q.Options, &options); err != nil {
		t.Fatal(err)
	}
	return options.Challenge
}

// newPasskey is set up, and of the person who is returned.
func newPasskey(t testing.TB) (testenv.Passkey, passkey.Person) {
	t.Helper()
	p, err := testenv.NewPasskey(realm().Origins[0], realm().ID)
	if err != nil {
		t.Fatal(err)
	}
	who := person()
	p.Handle = base64.RawURLEncoding.EncodeToString(who.Handle)
	q, err := authenticators().Create(realm(), who, false)
	if err != nil {
		t.Fatal(err)
	}
	credential, err := p.Create(challengeOf(t, q))
	if err != nil {
		t.Fatal(err)
	}
	created, err := authenticators().Created(realm(), who, q.State, []byte(credential))
	if err != nil {
		t.Fatal(err)
	}
	who.Credentials = []passkey.Credential{created}
	return p, who
}

// signedBy asks anybody, and is the question with the passkey's answer.
func signedBy(t testing.TB, p testenv.Passkey) (state []byte, answer string) {
	t.Helper()
	q, err := authenticators().Get(realm(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err = p.Get(challengeOf(t, q)); err != nil {
		t.Fatal(err)
	}
	return q.State, answer
}

// What a release before has stored has its attestation, which is read at every sign-in.
func TestTheRecordIsSmall(t *testing.T) {
	t.Parallel()
	p, who := newPasskey(t)
	if record := who.Credentials[0].Record; len(record) > 1024 {
		t.Errorf("the record has %d bytes: %s", len(record), record)
	}
	state, answer := signedBy(t, p)
	got, err := authenticators().Got(realm(), state, []byte(answer), func([]byte, []byte) (passkey.Person, error) { return who, nil })
	if err != nil || !got.UserVerified || got.WentBack {
		t.Errorf("the answer is %+v, %v", got, err)
	}
}

// Some clients answer more than they were asked (Web Authentication Level 3, section 7.1, step 19, and 7.2, step 17).
func TestExtensionsThatNobodyAskedForAreIgnored(t *testing.T) {
	t.Parallel()
	talkative := func(answer string) []byte {
		const none, some = `"clientExtensionResults":{}`, `"clientExtensionResults":{"appid":false,"uvm":[[2,4,2]],"credProps":{"rk":true},"own":{"a":1}}`
		if !strings.Contains(answer, none) {
			t.Fatalf("the answer is %s", answer)
		}
		return []byte(strings.Replace(answer, none, some, 1))
	}
	p, who := newPasskey(t)
	state, answer := signedBy(t, p)
	find := func([]byte, []byte) (passkey.Person, error) { return who, nil }
	if _, err := authenticators().Got(realm(), state, talkative(answer), find); err != nil {
		t.Errorf("a sign-in is refused: %v", err)
	}
	q, err := authenticators().Create(realm(), person(), false)
	if err != nil {
		t.Fatal(err)
	}
	created, err := p.Create(challengeOf(t, q))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authenticators().Created(realm(), person(), q.State, talkative(created)); err != nil {
		t.Errorf("a new passkey is refused: %v", err)
	}
}

// BenchmarkPasskey is the question and the answer of a sign-in without stores and transport; the
// authenticator's own work is not counted.
func BenchmarkPasskey(b *testing.B) {
	p, who := newPasskey(b)
	find := func([]byte, []byte) (passkey.Person, error) { return who, nil }
	b.Run("question", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := authenticators().Get(realm(), nil, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	state, answer := signedBy(b, p)
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := authenticators().Got(realm(), state, []byte(answer), find); err != nil {
				b.Fatal(err)
			}
		}
	})
}
