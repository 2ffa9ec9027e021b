// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// pod knows the encryption keys of these names, of which the first one seals.
func pod(now *time.Time, names ...string) *Service {
	keys := realmconfig.EncryptionKeys{Primary: names[0]}
	for _, name := range names {
		keys.Keys = append(keys.Keys, realmconfig.EncryptionKey{ID: name, Key: bytes.Repeat([]byte(name)[:1], realmconfig.EncryptionKeyBytes)})
	}
	return &Service{
		Realm:  auth.Realm{Now: func() time.Time { return *now }},
		Sealer: sealing.New(func() realmconfig.EncryptionKeys { return keys }),
	}
}

// Every pod knows the nonces of the others, also while the realm's key is being replaced.
func TestANonceIsGoodAtEveryPodForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	made := now
	before, after, elsewhere := pod(&now, "a", "b"), pod(&now, "b", "a"), pod(&now, "c")
	nonce, err := before.NewNonce()
	if err != nil {
		t.Fatal(err)
	}
	good := func(s *Service) bool { return s.checkNonce(nonce, now) == nil }
	for age, want := range map[time.Duration]bool{
		0: true, nonceLifetime - time.Second: true, nonceLifetime: false, 24 * time.Hour: false, -clockSkew: true, -clockSkew - time.Second: false,
	} {
		now = made.Add(age)
		if good(before) != want || good(after) != want {
			t.Errorf("after %s it is good: %t, %t", age, good(before), good(after))
		}
	}
	now = made
	if good(elsewhere) {
		t.Error("it is good in another realm")
	}
	sealed, err := before.Sealer.Seal("journey", "", make([]byte, 8))
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{
		"nothing": "", "noise": "noise", "no base64": "?", "very long": string(bytes.Repeat([]byte("A"), 1<<16)),
		"what was sealed for something else": base64.RawURLEncoding.EncodeToString(sealed), "one that was cut": nonce[:len(nonce)-1],
	} {
		if before.checkNonce(forged, now) == nil {
			t.Errorf("%s is good", name)
		}
	}
}
