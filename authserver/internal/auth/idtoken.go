// SPDX-License-Identifier: Apache-2.0

package auth

// IDTokenType is the typ of ID tokens, which tells them from every other JWT of a realm.
const IDTokenType = "JWT"

// IDToken is what an ID token says (OpenID Connect Core 1.0, section 2), as far as whoever
// gives it back to the realm is asked for.
type IDToken struct {
	// ClientID is the client that it was made for, Subject the user, and SessionID the
	// browser's session in which that user signed in.
	ClientID, Subject, SessionID string
}
