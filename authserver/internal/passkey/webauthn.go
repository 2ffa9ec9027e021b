// SPDX-License-Identifier: Apache-2.0

package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// WebAuthn asks authenticators, and judges what they answer. It knows nobody and remembers
// nothing. What is wrong with an answer is an ErrAnswer; other errors are its own.
type WebAuthn interface {
	// Create asks for a new passkey of somebody, beside those that they have. Verified asks
	// the authenticator to verify its user, and to offer the passkey without an address.
	Create(rp RelyingParty, who Person, verified bool) (Question, error)
	// Created is the credential that answers such a question.
	Created(rp RelyingParty, who Person, state, answer []byte) (Credential, error)
	// Get asks for a passkey: one of who's, or anybody's for nil. Verified asks the
	// authenticator to verify its user.
	Get(rp RelyingParty, who *Person, verified bool) (Question, error)
	// Got judges the answer to such a question, and says which credential it is of. It asks
	// find for who has that credential.
	Got(rp RelyingParty, state, answer []byte, find Finder) (Answer, error)
}

// Finder finds who has a credential. The handle is what the authenticator says, and may be
// empty where a question named the person. It fails with ErrAnswer when nobody has it.
type Finder func(credentialID, handle []byte) (Person, error)

// ErrAnswer is an answer that is wrong, or none.
var ErrAnswer = errors.New("the answer is not right")

// RelyingParty is the realm, as authenticators know it.
type RelyingParty struct {
	// ID is a host name. A passkey belongs to it for good.
	ID string
	// Name is for people.
	Name string
	// Origins are those of the pages that may ask.
	Origins []string
}

// Person is whom an authenticator keeps a passkey for.
type Person struct {
	Handle      []byte
	Name        string
	DisplayName string
	Credentials []Credential
}

// Question is what an authenticator is asked.
type Question struct {
	// Options are for the browser, in the JSON form of Web Authentication, section 5.1.
	Options json.RawMessage
	// State is to be kept until the answer comes.
	State []byte
}

// Answer is what an authenticator has signed.
type Answer struct {
	CredentialID []byte
	SignCount    uint32
	BackedUp     bool
	// UserVerified is whether the authenticator has verified its user just now.
	UserVerified bool
	// WentBack is set when the signature counter was not greater than before, as that of a
	// copy may be (Web Authentication, section 6.1.1).
	WentBack bool
}

// relyingParty is the realm. It refuses with NotFound where the realm has no passkeys.
func (s *Service) relyingParty() (RelyingParty, error) {
	settings := s.Settings()
	if settings.Passkeys == nil {
		return RelyingParty{}, auth.Refuse(auth.NotFound)
	}
	issuer, err := url.Parse(settings.Issuer)
	if err != nil {
		return RelyingParty{}, fmt.Errorf("parse issuer: %w", err)
	}
	origin, err := realmconfig.Origin(issuer)
	if err != nil {
		return RelyingParty{}, fmt.Errorf("issuer: %w", err)
	}
	return RelyingParty{
		ID: issuer.Hostname(), Name: settings.UI.DisplayName,
		Origins: append([]string{origin}, settings.Passkeys.RelatedOrigins...),
	}, nil
}

// Origins are those of the pages that may ask for the realm's passkeys, its own first (Web
// Authentication Level 3, section 5.11). It refuses with NotFound where the realm has none.
func (s *Service) Origins() ([]string, error) {
	rp, err := s.relyingParty()
	return rp.Origins, err
}

// On reports whether the realm has passkeys.
func (s *Service) On() bool { return s.Settings().Passkeys != nil }

// personOf is a user as authenticators know them, with the passkeys that belong to the realm.
func personOf(rp RelyingParty, user auth.User, handle []byte, known []Passkey) Person {
	p := Person{Handle: handle, Name: user.Email, DisplayName: user.Name}
	if p.DisplayName == "" {
		p.DisplayName = user.Email
	}
	for _, k := range known {
		if k.RelyingPartyID == rp.ID {
			p.Credentials = append(p.Credentials, k.Credential)
		}
	}
	return p
}
