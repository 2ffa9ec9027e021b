// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestATokenIsKnownByItsLooks(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^rkpat_[A-Za-z0-9_-]{48}$`) // as docs/personal-access-tokens.md tells scanners
	seen := map[auth.Secret]bool{}
	for range 1000 {
		secret, err := newSecret(rand.Reader)
		if err != nil || !shape.MatchString(string(secret)) || !Is(secret) || seen[secret] {
			t.Fatalf("made %t %t (%v)", shape.MatchString(string(secret)), Is(secret), err)
		}
		seen[secret] = true
	}
	// One that another program has made as the document says.
	secret, err := newSecret(bytes.NewReader(bytes.Repeat([]byte{0x42}, secretBytes)))
	if want := auth.Secret("rkpat_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkIgfTG9"); err != nil || secret != want {
		t.Errorf("made %s, want %s", string(secret), string(want))
	}
	if _, err := newSecret(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("a token is made without randomness")
	}
}

func TestNothingElseLooksLikeAToken(t *testing.T) {
	t.Parallel()
	good, err := newSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimPrefix(string(good), Prefix)
	other := map[byte]string{'A': "B"}[body[0]]
	if other == "" {
		other = "A"
	}
	for name, text := range map[string]string{
		"nothing":                     "",
		"a prefix":                    Prefix,
		"another prefix":              "rkr_" + body,
		"a prefix in capitals":        "RKPAT_" + body,
		"one character more":          string(good) + "A",
		"one character less":          string(good[:len(good)-1]),
		"another first character":     Prefix + other + body[1:],
		"a line break within":         Prefix + body[:10] + "\n" + body[11:],
		"a line break more":           Prefix + body[:10] + "\n" + body[10:],
		"padding":                     Prefix + body[:46] + "==",
		"the other alphabet":          Prefix + strings.Repeat("+", 48),
		"a space before":              " " + string(good),
		"no checksum":                 Prefix + body[:43],
		"a checksum of its own, none": Prefix + strings.Repeat("A", 47) + "B",
	} {
		if Is(auth.Secret(text)) {
			t.Errorf("%s passes for a token", name)
		}
	}
}

// Whatever passes has one spelling, and a checksum.
func FuzzIs(f *testing.F) {
	good, err := newSecret(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(good), "", Prefix, Prefix + strings.Repeat("A", 48), strings.ToUpper(string(good)), string(good) + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !Is(auth.Secret(text)) {
			return
		}
		for i := range len(text) {
			for _, c := range []byte{'A', 'z', '_', '\n', text[i] ^ 1} {
				changed := []byte(text)
				changed[i] = c
				if c != text[i] && Is(auth.Secret(changed)) {
					t.Errorf("with another character at %d, it still passes", i)
				}
			}
		}
	})
}
