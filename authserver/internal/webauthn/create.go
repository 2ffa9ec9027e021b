// SPDX-License-Identifier: Apache-2.0

package webauthn

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

// Create implements passkey.WebAuthn. A passkey that is found without an address and verifies its
// user is wanted; where it need not be verified, one that cannot is taken.
func (a Authenticators) Create(rp passkey.RelyingParty, who passkey.Person, verified bool) (passkey.Question, error) {
	party, err := a.party(rp)
	if err != nil {
		return passkey.Question{}, err
	}
	p, err := personOf(who)
	if err != nil {
		return passkey.Question{}, err
	}
	known := []protocol.CredentialDescriptor{}
	for _, c := range p.credentials {
		known = append(known, c.Descriptor())
	}
	selection := protocol.AuthenticatorSelection{
		ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
	}
	if verified {
		selection.ResidentKey, selection.UserVerification = protocol.ResidentKeyRequirementRequired, protocol.VerificationRequired
	}
	creation, session, err := party.BeginRegistration(p,
		library.WithExclusions(known),
		library.WithAuthenticatorSelection(selection),
		library.WithExtensions(library.WithExtensionCredProps()),
	)
	if err != nil {
		return passkey.Question{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return question(creation.Response, session)
}

// Created implements passkey.WebAuthn.
func (a Authenticators) Created(rp passkey.RelyingParty, who passkey.Person, state, answer []byte) (passkey.Credential, error) {
	party, err := a.party(rp)
	if err != nil {
		return passkey.Credential{}, err
	}
	session, err := sessionOf(state)
	if err != nil {
		return passkey.Credential{}, err
	}
	session.UserVerification = protocol.VerificationPreferred // it is told, and not judged
	p, err := personOf(who)
	if err != nil {
		return passkey.Credential{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return passkey.Credential{}, wrong(err)
	}
	created, err := party.CreateCredential(p, session, parsed)
	if err != nil {
		return passkey.Credential{}, wrong(err)
	}
	created.Attestation = library.CredentialAttestation{} // most of the record, and nobody looks at it again
	record, err := json.Marshal(created)
	if err != nil {
		return passkey.Credential{}, fmt.Errorf("encode credential: %w", err)
	}
	return passkey.Credential{
		CredentialID: created.ID, RelyingPartyID: rp.ID, Record: record, UserVerified: created.Flags.UserVerified,
		BackupEligible: created.Flags.BackupEligible, BackedUp: created.Flags.BackupState,
		SignCount: created.Authenticator.SignCount,
	}, nil
}
