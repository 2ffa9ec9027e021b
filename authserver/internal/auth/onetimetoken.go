// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// OneTimeTokenKind says what a one-time token is good for. A token of one kind is
// nothing to another.
type OneTimeTokenKind string

const (
	ResetPasswordToken     OneTimeTokenKind = "reset"        // sets a new password
	VerifyEmailToken       OneTimeTokenKind = "verify"       // proves an address
	ChangeEmailToken       OneTimeTokenKind = "change_email" // proves the address to come
	MailedCodeToken        OneTimeTokenKind = "mailed_code"  // signs in whoever shows the code in the mail, where it was asked for
	ChallengeToken         OneTimeTokenKind = "challenge"    // waits for a second factor
	FederationStateToken   OneTimeTokenKind = "oauth_state"  // waits for a provider's answer
	AuthorizationCodeToken OneTimeTokenKind = "oauth_code"   // is exchanged for tokens

	LinkToken     OneTimeTokenKind = "oauth_link"     // waits for the browser that will link an identity
	IdentityToken OneTimeTokenKind = "oauth_identity" // waits for its user to take an identity

	ClientAssertionToken OneTimeTokenKind = "client_assertion" // was shown by a client, and is good for nothing any more
	ConsentToken         OneTimeTokenKind = "consent"          // is a question that somebody has answered

	RegistrationToken OneTimeTokenKind = "registration" // makes an account with the address that it was mailed to

	PasskeyRegistrationToken OneTimeTokenKind = "passkey_registration" // waits for a new passkey
	PasskeyToken             OneTimeTokenKind = "passkey"              // waits for a passkey that signs in

	NewPasswordToken   OneTimeTokenKind = "new_password"    // waits for a better password
	StoppedSignInToken OneTimeTokenKind = "stopped_sign_in" // waits for what is required of its user
	SetUpCodeToken     OneTimeTokenKind = "set_up_code"     // shows that its user reads their mail, at a sign-in that is stopped
	PasskeyProofToken  OneTimeTokenKind = "passkey_proof"   // waits for a passkey of whoever is signed in
)

// OneTimeToken is a promise that can be redeemed once, by whoever holds its secret.
// The Store knows the secret's hash alone.
type OneTimeToken struct {
	Hash TokenHash
	Kind OneTimeTokenKind
	// UserID is whose token it is; empty for a stranger's.
	UserID string
	// SessionID is the session that asked for it, and with which it is lost; empty
	// for none.
	SessionID string
	// Email is where the secret was mailed, and so what redeeming it proves;
	// empty for one that was not.
	Email string
	// Sealed is what the token's maker wants to know again; nil for nothing.
	Sealed    []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Keep seals content into the token, for as long as it is good from now on. Purpose is
// what it is sealed for; Open must be told the same.
func (t *OneTimeToken) Keep(sealer Sealer, purpose string, content any, now time.Time, lifetime time.Duration) error {
	document, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode one-time token: %w", err)
	}
	if t.Sealed, err = sealer.Seal(purpose, hex.EncodeToString(t.Hash[:]), document); err != nil {
		return err
	}
	t.CreatedAt, t.ExpiresAt = now, now.Add(lifetime)
	return nil
}

// Open reads what Keep has sealed.
func (t OneTimeToken) Open(sealer Sealer, purpose string, into any) error {
	document, err := sealer.Open(purpose, hex.EncodeToString(t.Hash[:]), t.Sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(document, into); err != nil {
		return fmt.Errorf("decode one-time token: %w", err)
	}
	return nil
}
