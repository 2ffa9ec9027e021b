// SPDX-License-Identifier: Apache-2.0

package mailcode

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func newService(key byte, now time.Time) *Service {
	keys := realmconfig.EncryptionKeys{Version: realmconfig.Version, Primary: "one", Keys: []realmconfig.EncryptionKey{
		{ID: "one", Key: append(make([]byte, realmconfig.EncryptionKeyBytes-1), key)},
	}}
	return &Service{
		Realm:  auth.Realm{Now: func() time.Time { return now }},
		Sealer: sealing.New(func() realmconfig.EncryptionKeys { return keys }),
	}
}

func TestHandle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s, longest := newService(1, now), strings.Repeat("a", 64)+"@"+strings.Repeat("b.", 93)+"example"
	handles := map[auth.Secret]bool{}
	for _, email := range []string{"ann@example.com", "ann@example.com", longest[:auth.MaxEmailLength]} {
		text, err := s.seal(handle{email, now.Add(time.Minute)})
		if err != nil || len(text) > MaxHandleLength || handles[text] {
			t.Errorf("a handle has %d bytes, and is one of before: %t, %v", len(text), handles[text], err)
		}
		handles[text] = true
		if got, err := s.Asked(text); err != nil || got != email {
			t.Errorf("it is of %q, %v", got, err)
		}
		for name, other := range map[string]*Service{"with another key": newService(2, now), "when it is over": newService(1, now.Add(time.Minute))} {
			if _, err := other.Asked(text); !errors.Is(err, auth.Refuse(auth.ChallengeInvalid)) {
				t.Errorf("%s it is refused with %v", name, err)
			}
		}
	}
}

// Nobody makes a handle, nor a second writing of one, by which guesses would be counted anew.
func FuzzHandle(f *testing.F) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := newService(1, now)
	genuine, err := s.seal(handle{"ann@example.com", now.Add(time.Minute)})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(genuine), "", "rkm_", "rkm_AAAA", string(genuine) + "\n", string(genuine) + "=", string(genuine[:len(genuine)-1])} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := s.Asked(auth.Secret(text))
		if (err == nil) != (text == string(genuine)) {
			t.Errorf("%q is taken with %v", text, err)
		}
		if err != nil && !errors.Is(err, auth.Refuse(auth.ChallengeInvalid)) {
			t.Errorf("%q is refused with %v", text, err)
		}
	})
}
