// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"testing"
)

func TestClientName(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":                                                                       "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36":                              "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0":                "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":                        "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1":      "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36":                              "Chrome on Android",
		"curl/8.5.0":         "curl/8.5.0",
		"Go-http-client/2.0": "Go-http-client/2.0",
		"":                   "",
	} {
		if got := (Client{UserAgent: agent}).Name(); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

func TestNamesDoNotTurnTheTextAroundThem(t *testing.T) {
	t.Parallel()
	for name, plausible := range map[string]bool{
		"Ann Lee": true, "نجم\u200cالدین": true, "\u200fמשה\u200e": true, "👩\u200d🚀": true, "": true,
		"Ann\u202eeeL": false, "\u2067Ann": false, "Ann\u2069": false, "Ann\nLee": false, "Ann\u2028Lee": false, "\ufffd": false,
	} {
		if PlausibleName(name) != plausible {
			t.Errorf("%q: plausible is %t", name, !plausible)
		}
	}
}

func FuzzPlausible(f *testing.F) {
	for _, seed := range []string{"Ann Lee", "pt-BR", "ann@example.com", "a\r\nb", "\u2028", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if PlausibleName(text) && strings.ContainsAny(text, "\r\n\x00\u2028\u2029") {
			t.Errorf("name %q has more than one line", text)
		}
		if PlausibleEmail(text) && strings.ContainsAny(NormalizeEmail(text), " \r\n\x00") {
			t.Errorf("address %q has more than one line", text)
		}
		_ = Client{UserAgent: text}.Name()
	})
}

func TestPlausibleEmail(t *testing.T) {
	t.Parallel()
	for email, plausible := range map[string]bool{
		"a@b":                           true,
		" Ann@Example.com ":             true,
		"ann@bücher.example":            true,
		`"odd@local"@example.com`:       false, // which no server of ours could be told of
		"adm\u0130n@example.com":        false,
		"hana..sato@example.com":        false,
		"a,b@example.com":               false,
		"":                              false,
		"ann":                           false,
		"@example.com":                  false,
		"ann@":                          false,
		"ann lee@example.com":           false,
		"ann@exam\x00ple.com":           false,
		strings.Repeat("a", 254) + "@b": false,
	} {
		if PlausibleEmail(email) != plausible {
			t.Errorf("%q: plausible is %t", email, !plausible)
		}
		if NormalizeEmail(email) != "" != plausible {
			t.Errorf("%q is normalised to %q", email, NormalizeEmail(email))
		}
	}
}
