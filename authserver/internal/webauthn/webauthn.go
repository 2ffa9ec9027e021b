// SPDX-License-Identifier: Apache-2.0

// Package webauthn speaks Web Authentication Level 3 with authenticators, through a library
// that no other package sees. It implements passkey.WebAuthn.
//
// No attestation is asked for: which make an authenticator is says little, and much about its
// user. Nor does the library ask anybody: it has no metadata service.
package webauthn

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

// Authenticators implements passkey.WebAuthn.
type Authenticators struct {
	// Timeout is how long a browser lets an authenticator take.
	Timeout time.Duration
}

// party is the library, for one realm.
func (a Authenticators) party(rp passkey.RelyingParty) (*library.WebAuthn, error) {
	timeout := library.TimeoutConfig{Timeout: a.Timeout, TimeoutUVD: a.Timeout} // the Store enforces its own
	party, err := library.New(&library.Config{
		RPID: rp.ID, RPDisplayName: rp.Name, RPOrigins: rp.Origins,
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              library.TimeoutsConfig{Login: timeout, Registration: timeout},

		// Browsers and password managers answer extensions that nobody has asked for. Nobody reads
		// what they say.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("relying party %s: %w", rp.ID, err)
	}
	return party, nil
}

// person implements the library's User.
type person struct {
	passkey.Person
	credentials []library.Credential
}

func (p person) WebAuthnID() []byte                        { return p.Handle }
func (p person) WebAuthnName() string                      { return p.Name }
func (p person) WebAuthnDisplayName() string               { return p.DisplayName }
func (p person) WebAuthnCredentials() []library.Credential { return p.credentials }

func personOf(who passkey.Person) (person, error) {
	p := person{Person: who}
	for _, c := range who.Credentials {
		known, err := recordOf(c)
		if err != nil {
			return person{}, err
		}
		p.credentials = append(p.credentials, known)
	}
	return p, nil
}

// recordOf is a credential as the library knows it. The columns beside the record are newer.
func recordOf(c passkey.Credential) (library.Credential, error) {
	known := library.Credential{}
	if err := json.Unmarshal(c.Record, &known); err != nil {
		return library.Credential{}, fmt.Errorf("decode credential: %w", err)
	}
	known.ID = c.CredentialID
	known.Authenticator.SignCount, known.Authenticator.CloneWarning = c.SignCount, false
	known.Flags.BackupEligible, known.Flags.BackupState = c.BackupEligible, c.BackedUp
	return known, nil
}

func question(options any, session *library.SessionData) (passkey.Question, error) {
	document, err := json.Marshal(options)
	if err != nil {
		return passkey.Question{}, fmt.Errorf("encode options: %w", err)
	}
	state, err := json.Marshal(session)
	if err != nil {
		return passkey.Question{}, fmt.Errorf("encode ceremony: %w", err)
	}
	return passkey.Question{Options: document, State: state}, nil
}

func sessionOf(state []byte) (library.SessionData, error) {
	session := library.SessionData{}
	if err := json.Unmarshal(state, &session); err != nil {
		return library.SessionData{}, fmt.Errorf("decode ceremony: %w", err)
	}
	return session, nil
}

// wrong is an answer that is not right, for a reason.
func wrong(err error) error { return fmt.Errorf("%w: %w", passkey.ErrAnswer, err) }
