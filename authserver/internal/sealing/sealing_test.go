// SPDX-License-Identifier: Apache-2.0

package sealing_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func keys(primary string, ids ...string) func() realmconfig.EncryptionKeys {
	k := realmconfig.EncryptionKeys{Version: realmconfig.Version, Primary: primary}
	for i, id := range ids {
		k.Keys = append(k.Keys, realmconfig.EncryptionKey{ID: id, Key: bytes.Repeat([]byte{byte(i + 1)}, realmconfig.EncryptionKeyBytes)})
	}
	return func() realmconfig.EncryptionKeys { return k }
}

func TestSealedValuesOpenOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	s := sealing.New(keys("one", "one"))
	sealed, err := s.Seal("totp", "user-1", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if value, err := s.Open("totp", "user-1", sealed); err != nil || string(value) != "secret" {
		t.Errorf("opened %q, %v", value, err)
	}
	if !bytes.HasPrefix(sealed, s.Primary()) {
		t.Error("the value does not begin with the primary's header")
	}
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another owner":       func() ([]byte, error) { return s.Open("totp", "user-2", sealed) },
		"another purpose":     func() ([]byte, error) { return s.Open("phone", "user-1", sealed) },
		"a shifted border":    func() ([]byte, error) { return s.Open("totpu", "ser-1", sealed) },
		"a damaged value":     func() ([]byte, error) { return s.Open("totp", "user-1", damaged) },
		"a cut value":         func() ([]byte, error) { return s.Open("totp", "user-1", sealed[:8]) },
		"nothing":             func() ([]byte, error) { return s.Open("totp", "user-1", nil) },
		"a key that has gone": func() ([]byte, error) { return sealing.New(keys("two", "two")).Open("totp", "user-1", sealed) },
	} {
		if value, err := open(); !errors.Is(err, sealing.ErrForeign) {
			t.Errorf("%s: opened %q, %v", name, value, err)
		}
	}
}

func TestOlderKeysStillOpen(t *testing.T) {
	t.Parallel()
	sealed, err := sealing.New(keys("one", "one")).Seal("totp", "user-1", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	rotated := sealing.New(keys("two", "one", "two"))
	if value, err := rotated.Open("totp", "user-1", sealed); err != nil || string(value) != "secret" {
		t.Errorf("opened %q, %v", value, err)
	}
	if bytes.HasPrefix(sealed, rotated.Primary()) {
		t.Error("the value seems to be sealed with the new key")
	}
}

func FuzzOpen(f *testing.F) {
	s := sealing.New(keys("one", "one"))
	sealed, err := s.Seal("totp", "user-1", []byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{1, 255})
	f.Fuzz(func(t *testing.T, value []byte) {
		if opened, err := s.Open("totp", "user-1", value); err == nil && string(opened) != "secret" {
			t.Errorf("opened %x to %q", value, opened)
		}
	})
}
