// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Tokens signs what clients are given; it asks no store.
type Tokens interface {
	Signer
	// IssueClient signs an access token (RFC 9068) with the realm's algorithm. It
	// refuses with auth.SigningUnavailable when no key may sign now.
	IssueClient(auth.ClientToken) (auth.Secret, error)
	// VerifyIDToken returns what an ID token of the realm says, however old it is. The
	// error is an *auth.Error with TokenInvalid.
	VerifyIDToken(auth.Secret) (auth.IDToken, error)
	// Longest is how long a token that is signed now may be valid.
	Longest() time.Duration
	// JWKS is the public keys that verifiers should know now.
	JWKS() ([]realmconfig.JWK, error)
}

// Signer signs whatever a client can verify by the realm's keys.
type Signer interface {
	// Sign makes a JWT of a type, such as "JWT" or "logout+jwt", with the key that signs
	// by an algorithm now. It refuses with auth.SigningUnavailable when there is none.
	Sign(algorithm realmconfig.Algorithm, typ string, claims map[string]any) (auth.Secret, error)
	// Algorithms are those by which a key signs, in order.
	Algorithms() []realmconfig.Algorithm
}
