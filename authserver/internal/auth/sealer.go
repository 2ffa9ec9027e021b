// SPDX-License-Identifier: Apache-2.0

package auth

// Sealer encrypts what the Store must not be able to read. Purpose and owner
// must be the same for both.
type Sealer interface {
	Seal(purpose, owner string, value []byte) ([]byte, error)
	Open(purpose, owner string, sealed []byte) ([]byte, error)
}

// Hasher names what the Store must not be able to guess, such as a telephone number,
// by a hash under a key of the realm. One value has another hash for each purpose.
type Hasher interface {
	Hash(purpose, value string) (CounterKey, error)
}

// SealedValue is a value of the Store that was not sealed with the present key.
// What does not live long is not among them: messages, challenges and codes on
// their way are gone before an old key is.
type SealedValue struct {
	// Column is where it stands, a name that only the Store understands.
	Column         string
	Purpose, Owner string
	Sealed         []byte
}
