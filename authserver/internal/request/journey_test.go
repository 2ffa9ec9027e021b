// SPDX-License-Identifier: Apache-2.0

package request

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// journeys are sealed with a key of n's own.
func journeys(n byte) Journeys {
	keys := realmconfig.EncryptionKeys{Version: realmconfig.Version, Primary: "one", Keys: []realmconfig.EncryptionKey{
		{ID: "one", Key: bytes.Repeat([]byte{n}, realmconfig.EncryptionKeyBytes)},
	}}
	return Journeys{Sealer: sealing.New(func() realmconfig.EncryptionKeys { return keys })}
}

func TestAJourneyIsWhatWasSealed(t *testing.T) {
	t.Parallel()
	j := journeys(1)
	want := Journey{Query: "a=b&c=%26", FormAction: "https://app.example.com", LoginHint: "ann@example.com", Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	sealed, err := j.Seal(want)
	if err != nil || strings.ContainsAny(sealed, "+/=&?") {
		t.Fatalf("%q, %v", sealed, err)
	}
	if got, ok := j.Open(sealed); !ok || got != want {
		t.Errorf("opened as %+v, %t", got, ok)
	}
	if _, ok := journeys(2).Open(sealed); ok {
		t.Error("another realm opens it")
	}
	if _, err := j.Seal(Journey{Query: strings.Repeat("x", MaxJourney)}); err == nil {
		t.Error("one of any length is sealed")
	}
}

func FuzzJourney(f *testing.F) {
	j := journeys(1)
	sealed, err := j.Seal(Journey{Query: "a=b"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{sealed, sealed[1:], sealed + "A", "", "noise", "=", strings.Repeat("A", 9000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := j.Open(text); ok && got.Query != "a=b" {
			t.Errorf("%q is opened as %+v", text, got)
		}
	})
}
