// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestRefreshTokenSeals(t *testing.T) {
	t.Parallel()
	token, other := mustToken(t), mustToken(t)
	sealed, err := token.seal(sealForStore, []byte("successor"))
	if err != nil {
		t.Fatal(err)
	}
	if value, err := token.open(sealForStore, sealed); err != nil || string(value) != "successor" {
		t.Errorf("opened %q, %v", value, err)
	}
	if _, err := other.open(sealForStore, sealed); err == nil {
		t.Error("another token opens it")
	}
	if _, err := token.open(sealForEphemeral, sealed); err == nil {
		t.Error("it opens for another purpose")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := token.open(sealForStore, sealed); err == nil {
		t.Error("it opens although changed")
	}
}

func TestParseRefreshToken(t *testing.T) {
	t.Parallel()
	genuine := string(mustToken(t))
	cases := map[string]struct {
		token string
		ok    bool
	}{
		"genuine":      {genuine, true},
		"no prefix":    {strings.TrimPrefix(genuine, refreshTokenPrefix), false},
		"too short":    {genuine[:len(genuine)-4], false},
		"too long":     {genuine + "AAAA", false},
		"padded":       {genuine + "=", false},
		"empty":        {"", false},
		"with a break": {genuine[:10] + "\n" + genuine[10:], false},
	}
	for name, c := range cases {
		if _, ok := parseRefreshToken(Secret(c.token)); ok != c.ok {
			t.Errorf("%s: accepted is %t", name, ok)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	s := Secret("hunter2")
	log := &strings.Builder{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("x", "secret", s, "in", struct{ S Secret }{s}.S)
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%s %v %+v %#v %q %x", s, s, s, s, s, s),
		fmt.Sprintf("%+v", Credentials{Password: s}), log.String(),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestErrorsAreComparedByCode(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", &Error{Code: Busy, Cause: errors.New("inner")})
	if !errors.Is(err, &Error{Code: Busy}) || errors.Is(err, &Error{Code: TokenInvalid}) {
		t.Error("codes do not decide")
	}
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

func mustToken(t *testing.T) refreshToken {
	t.Helper()
	token, err := newRefreshToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
