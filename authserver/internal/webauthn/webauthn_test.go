// SPDX-License-Identifier: Apache-2.0

package webauthn_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/webauthn"
)

func authenticators() passkey.WebAuthn { return webauthn.Authenticators{Timeout: 5 * time.Minute} }

func realm() passkey.RelyingParty {
	return passkey.RelyingParty{ID: "auth.example.com", Name: "Example", Origins: []string{"https://auth.example.com"}}
}

func person() passkey.Person {
	return passkey.Person{Handle: []byte("a handle"), Name: "ann@example.com", DisplayName: "Ann"}
}

// The state keeps what is to be compared, the parameters of keys among it.
func TestTheStateIsWhole(t *testing.T) {
	t.Parallel()
	q, err := authenticators().Create(realm(), person(), false)
	if err != nil {
		t.Fatal(err)
	}
	state := struct {
		Challenge  string           `json:"challenge"`
		RPID       string           `json:"rpId"`
		UserID     []byte           `json:"user_id"`
		CredParams []map[string]any `json:"credParams"`
	}{}
	if err := json.Unmarshal(q.State, &state); err != nil {
		t.Fatal(err)
	}
	if state.Challenge == "" || state.RPID != "auth.example.com" || string(state.UserID) != "a handle" || len(state.CredParams) == 0 {
		t.Errorf("the state is %s", q.State)
	}
}

// seeds are answers that browsers have given, and what is nearly one.
func seeds() []string {
	return []string{
		"", "null", "{}", "[]", `{"id":"","rawId":"","type":"public-key","response":{}}`,
		`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gpQECAyYgASFYIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIlggAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"},"clientExtensionResults":{}}`,
		`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ","signature":"MEUC","userHandle":"YSBoYW5kbGU"},"clientExtensionResults":{}}`,
		`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"v2M"}}`,
		`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"m_________8"}}`,
	}
}

func FuzzCreated(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	q, err := authenticators().Create(realm(), person(), false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		// Nobody has seen the challenge.
		if c, err := authenticators().Created(realm(), person(), q.State, answer); !errors.Is(err, passkey.ErrAnswer) {
			t.Errorf("%q is %+v, %v", answer, c, err)
		}
	})
}

func FuzzGot(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	q, err := authenticators().Get(realm(), nil, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		find := func(credentialID, _ []byte) (passkey.Person, error) {
			who := person()
			who.Credentials = []passkey.Credential{{CredentialID: credentialID, Record: []byte("{}")}}
			return who, nil
		}
		if a, err := authenticators().Got(realm(), q.State, answer, find); !errors.Is(err, passkey.ErrAnswer) {
			t.Errorf("%q is %+v, %v", answer, a, err)
		}
	})
}
