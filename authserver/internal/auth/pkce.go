// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// CheckCodeChallenge refuses with InvalidRequest what is no challenge of the method
// S256 (RFC 7636, section 4.2). None at all is let through.
func CheckCodeChallenge(challenge string) error {
	if challenge == "" || IsOpaque("", Secret(challenge)) {
		return nil
	}
	return &Error{Code: InvalidRequest, Fields: []FieldProblem{
		{Field: "code_challenge", Detail: "must be a SHA-256 in base64url"},
	}}
}

// MatchesCodeChallenge compares as RFC 7636, section 4.6, says. A verifier nobody
// asked for is refused too: somebody may have taken the challenge out of the
// beginning (RFC 9700, section 2.1.1).
func MatchesCodeChallenge(challenge string, verifier Secret) bool {
	if challenge == "" || verifier == "" {
		return challenge == "" && verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
