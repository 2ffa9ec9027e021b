// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/json"
	"fmt"
	"time"
)

// Effects are what a change brings with it. A Store writes them in the statement
// that makes the change, and not at all when the change does not happen.
type Effects struct {
	Messages []Message
	Events   []Event
}

// Channel is how a message reaches a person.
type Channel string

const (
	ByMail Channel = "mail"
	BySMS  Channel = "sms"
)

// MessageKind names a template.
type MessageKind string

const (
	VerifyEmailMessage         MessageKind = "verify-email"
	AlreadyRegisteredMessage   MessageKind = "already-registered"
	ResetPasswordMessage       MessageKind = "reset-password"
	PasswordChangedMessage     MessageKind = "password-changed"
	EmailChangedMessage        MessageKind = "email-changed"
	AccountReclaimedMessage    MessageKind = "account-reclaimed"
	NewDeviceMessage           MessageKind = "new-device"
	SecondFactorAddedMessage   MessageKind = "second-factor-added"
	SecondFactorRemovedMessage MessageKind = "second-factor-removed"
	IdentityLinkedMessage      MessageKind = "identity-linked"
	AccountLockedMessage       MessageKind = "account-locked"
	CodeMessage                MessageKind = "code"
)

// Message waits in the outbox. What it says is sealed, because a link or a code
// in it opens an account.
type Message struct {
	ID      string
	Channel Channel
	Kind    MessageKind
	Sealed  []byte
}

// Notice is what a Message says.
type Notice struct {
	// To is an address or, by SMS, a telephone number (E.164).
	To string `json:"to"`
	// Name and Locale (BCP 47) of the reader; either may be empty.
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"`
	// Link and Code let the reader act; Lifetime is how long they work.
	Link     Secret        `json:"link,omitempty"`
	Code     Secret        `json:"code,omitempty"`
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// Provider is the display name of one that has become a way in.
	Provider string `json:"provider,omitempty"`
	// At, Address and UserAgent say when and from where it was asked for.
	At        time.Time `json:"at"`
	Address   string    `json:"address,omitempty"`
	UserAgent string    `json:"userAgent,omitempty"`
}

// sealedForOutbox is the purpose under which notices are sealed.
const sealedForOutbox = "outbox"

// message seals a notice. It is sent when a Store has taken it as an effect.
func (s *Service) message(channel Channel, kind MessageKind, n Notice) (Message, error) {
	id, err := s.newID()
	if err != nil {
		return Message{}, err
	}
	document, err := json.Marshal(n)
	if err != nil {
		return Message{}, fmt.Errorf("encode notice: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedForOutbox, id, document)
	if err != nil {
		return Message{}, err
	}
	return Message{ID: id, Channel: channel, Kind: kind, Sealed: sealed}, nil
}

// OpenMessage is what a Message says, for whoever delivers it.
func OpenMessage(sealer Sealer, m Message) (Notice, error) {
	document, err := sealer.Open(sealedForOutbox, m.ID, m.Sealed)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{}
	if err := json.Unmarshal(document, &n); err != nil {
		return Notice{}, fmt.Errorf("decode notice: %w", err)
	}
	return n, nil
}
