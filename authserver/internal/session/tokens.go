// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// AccessTokens issues and checks access tokens; it asks no store.
type AccessTokens interface {
	// Ready refuses with SigningUnavailable when no key may sign, so that nothing
	// is used up for a token that cannot be issued.
	Ready() error
	// Issue signs a token for subject and says how long it lasts. The error is
	// an *Error with SigningUnavailable when no key may sign.
	Issue(subject auth.Subject) (auth.Secret, time.Duration, error)
	// Verify returns whom a token speaks for. The error is an *Error with
	// TokenExpired or TokenInvalid.
	Verify(token auth.Secret) (auth.Subject, error)
	// VerifyClient returns what a token says that a client was given. The error is as
	// that of Verify, which takes no such token.
	VerifyClient(token auth.Secret) (auth.ClientToken, error)
}
