// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestAUserCodeIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]auth.Secret{
		"as it is shown":             "WDJB-MJHT",
		"without the dash":           "WDJBMJHT",
		"in small letters":           "wdjb-mjht",
		"with spaces":                "  WDJB MJHT\n",
		"with another dash":          "WDJB–MJHT",
		"with a dash elsewhere":      "W-DJBMJ-HT",
		"in wide letters":            "ＷＤＪＢ－ＭＪＨＴ",
		"with what nobody sees":      "WDJB\u200b-\u2060MJHT",
		"as a telephone corrects it": "Wdjb-mjht",
	} {
		if letters, ok := ParseUserCode(typed); !ok || letters != "WDJBMJHT" {
			t.Errorf("%s: read as %q, %t", name, string(letters), ok)
		}
	}
	for name, typed := range map[string]auth.Secret{
		"nothing": "", "a letter too few": "WDJB-MJH", "a letter too many": "WDJB-MJHTT", "a vowel": "WDJA-MJHT", "a digit": "WDJ8-MJHT",
		"letters of another script": "ЩДЖБ-МЖХТ", "a letter that grows": "ßDJB-MJH", "a page": auth.Secret(strings.Repeat("W", 100)),
		"spaces without end": auth.Secret("WDJBMJHT" + strings.Repeat(" ", 100)), "no UTF-8": "WDJB\xffMJHT",
	} {
		if letters, ok := ParseUserCode(typed); ok {
			t.Errorf("%s: read as %q", name, string(letters))
		}
	}
}

// Each letter comes up as often as another, and what is made is read again.
func TestUserCodesAreFair(t *testing.T) {
	t.Parallel()
	const codes = 20_000
	counted := map[rune]int{}
	for range codes {
		letters, err := newUserCode(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := ParseUserCode(auth.Secret(FormatUserCode(letters))); !ok || again != letters {
			t.Fatalf("%q is read as %q", FormatUserCode(letters), string(again))
		}
		for _, r := range string(letters) {
			counted[r]++
		}
	}
	const expected = codes * userCodeLength / len(userCodeLetters) // 8000, give or take 90
	for _, r := range userCodeLetters {
		if n := counted[r]; n < expected-900 || n > expected+900 {
			t.Errorf("%c came up %d times, not about %d", r, n, expected)
		}
	}
	if len(counted) != len(userCodeLetters) {
		t.Errorf("there are %d letters", len(counted))
	}
}

func FuzzUserCode(f *testing.F) {
	for _, seed := range []string{"WDJB-MJHT", "wdjbmjht", "", "-", "WDJA-MJHT", "ＷＤＪＢＭＪＨＴ", "WDJB\x00MJHT", "ſDJB-MJHT", strings.Repeat("-", 70)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		letters, ok := ParseUserCode(auth.Secret(typed))
		if !ok {
			return
		}
		if len(letters) != userCodeLength || strings.Trim(string(letters), userCodeLetters) != "" {
			t.Errorf("%q is read as %q", typed, string(letters))
		}
		if again, ok := ParseUserCode(auth.Secret(FormatUserCode(letters))); !ok || again != letters {
			t.Errorf("%q, shown again, is read as %q", typed, string(again))
		}
	})
}
