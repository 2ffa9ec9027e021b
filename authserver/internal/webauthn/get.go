// SPDX-License-Identifier: Apache-2.0

package webauthn

import (
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

// Get implements passkey.WebAuthn.
func (a Authenticators) Get(rp passkey.RelyingParty, who *passkey.Person, verified bool) (passkey.Question, error) {
	party, err := a.party(rp)
	if err != nil {
		return passkey.Question{}, err
	}
	verification := protocol.VerificationDiscouraged
	if verified {
		verification = protocol.VerificationRequired
	}
	var assertion *protocol.CredentialAssertion
	var session *library.SessionData
	if who == nil {
		assertion, session, err = party.BeginDiscoverableLogin(library.WithUserVerification(verification))
	} else {
		var p person
		if p, err = personOf(*who); err != nil {
			return passkey.Question{}, err
		}
		assertion, session, err = party.BeginLogin(p, library.WithUserVerification(verification))
	}
	if err != nil {
		return passkey.Question{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return question(assertion.Response, session)
}

// Got implements passkey.WebAuthn. Whether the user was verified is told, and not judged: somebody
// whose authenticator did not should read why they are not let in.
func (a Authenticators) Got(rp passkey.RelyingParty, state, answer []byte, find passkey.Finder) (passkey.Answer, error) {
	party, err := a.party(rp)
	if err != nil {
		return passkey.Answer{}, err
	}
	session, err := sessionOf(state)
	if err != nil {
		return passkey.Answer{}, err
	}
	session.UserVerification = protocol.VerificationPreferred
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return passkey.Answer{}, wrong(err)
	}
	owner, err := find(parsed.RawID, parsed.Response.UserHandle)
	if err != nil {
		return passkey.Answer{}, err
	}
	p, err := personOf(owner)
	if err != nil {
		return passkey.Answer{}, err
	}
	used, err := validate(party, p, session, parsed)
	if err != nil {
		return passkey.Answer{}, wrong(err)
	}
	said := parsed.Response.AuthenticatorData
	return passkey.Answer{
		CredentialID: used.ID, SignCount: said.Counter, BackedUp: said.Flags.HasBackupState(),
		UserVerified: said.Flags.HasUserVerified(), WentBack: used.Authenticator.CloneWarning,
	}, nil
}

// validate goes through Web Authentication, section 7.2.
func validate(party *library.WebAuthn, p person, session library.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*library.Credential, error) {
	if len(session.UserID) > 0 {
		return party.ValidateLogin(p, session, parsed)
	}
	_, used, err := party.ValidatePasskeyLogin(func(_, _ []byte) (library.User, error) { return p, nil }, session, parsed)
	return used, err
}
