// SPDX-License-Identifier: Apache-2.0

package auth

import "time"

// Effects are what a change brings with it. A Store writes them in the statement
// that makes the change, and not at all when the change does not happen.
type Effects struct {
	Messages []Message
	Events   []Event
	// Required is set when nothing is to happen unless every message is within its
	// quotas. Without it the rest happens, and a message that is not is not stored.
	// Methods of a Store that heed it say so.
	Required bool
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
	DeviceAllowedMessage       MessageKind = "device-allowed"
	PasskeyAddedMessage        MessageKind = "passkey-added"
	PasskeyRemovedMessage      MessageKind = "passkey-removed"
	AccountLockedMessage       MessageKind = "account-locked"
	PersonalTokenMadeMessage   MessageKind = "personal-access-token-made"
	RegistrationLinkMessage    MessageKind = "registration-link"
	RecoveryLinkMessage        MessageKind = "recovery-link"
	RecoveryBegunMessage       MessageKind = "recovery-begun"
	RecoveryReadyMessage       MessageKind = "recovery-ready"
	RecoveryCancelledMessage   MessageKind = "recovery-cancelled"
	AccountRecoveredMessage    MessageKind = "account-recovered"
	CodeMessage                MessageKind = "code"
	SetUpCodeMessage           MessageKind = "set-up-code"
)

// Message waits in the outbox. What it says is sealed, because a link or a code
// in it opens an account.
type Message struct {
	ID      string
	Channel Channel
	Kind    MessageKind
	Sealed  []byte
	// Due is when it is sent; zero for at once.
	Due time.Time
	// Quotas are what it counts against; no two messages of one change share a key.
	Quotas []Quota
}
