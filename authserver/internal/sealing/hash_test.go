// SPDX-License-Identifier: Apache-2.0

package sealing_test

import (
	"crypto/sha256"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Telephone numbers are few: whoever has no key must not find one by its hash.
func TestAHashIsOfItsKeyPurposeAndValue(t *testing.T) {
	t.Parallel()
	const number = "+4930901820"
	one, two := realmconfig.EncryptionKey{ID: "one", Key: make([]byte, 32)}, realmconfig.EncryptionKey{ID: "two", Key: append(make([]byte, 31), 1)}
	keys := realmconfig.EncryptionKeys{Primary: "one", Keys: []realmconfig.EncryptionKey{one, two}}
	s := sealing.New(func() realmconfig.EncryptionKeys { return keys })
	hash := func(purpose, value string) auth.CounterKey {
		t.Helper()
		h, err := s.Hash(purpose, value)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := hash("quota", number)
	seen := map[auth.CounterKey]bool{sha256.Sum256([]byte(number)): true, sha256.Sum256([]byte("quota" + number)): true}
	if first != hash("quota", number) || seen[first] {
		t.Error("a value has two hashes, or one that anybody can make")
	}
	seen[first] = true
	keys.Primary = "two"
	for name, h := range map[string]auth.CounterKey{
		"another key": hash("quota", number), "another purpose": hash("quota+", number), "a letter moved": hash("quota+4", number[2:]),
	} {
		if seen[h] {
			t.Errorf("%s: the same hash", name)
		}
		seen[h] = true
	}
	keys.Primary = "gone"
	if _, err := s.Hash("quota", number); err == nil {
		t.Error("hashed without a key")
	}
}
