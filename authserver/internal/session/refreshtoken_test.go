// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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
		if _, ok := parseRefreshToken(auth.Secret(c.token)); ok != c.ok {
			t.Errorf("%s: accepted is %t", name, ok)
		}
	}
}

const sessionOfTest = "0192f3a0-0000-7000-8000-000000000001"

func TestTokensOfASessionAreOneFamily(t *testing.T) {
	t.Parallel()
	first, other := mustToken(t), mustToken(t)
	second := mustNext(t, first)
	if first == second || first.Family() != second.Family() || first.Family().SessionID != sessionOfTest {
		t.Errorf("the families are %+v and %+v", first.Family(), second.Family())
	}
	if other.Family() == first.Family() {
		t.Error("whoever knows the session knows the family")
	}
	// One of a server of before, whose bytes mean nothing.
	old, err := auth.NewOpaque(refreshTokenPrefix, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	next := mustNext(t, RefreshToken(old))
	if _, ok := parseRefreshToken(auth.Secret(next)); !ok || next == RefreshToken(old) || next.Family() != RefreshToken(old).Family() {
		t.Errorf("after %s comes %s", old, next)
	}
	if _, err := NewRefreshToken(rand.Reader, "no session", time.Now()); err == nil {
		t.Error("a token of no session was made")
	}
}

func TestATokenSaysWhenItWasIssued(t *testing.T) {
	t.Parallel()
	issued := time.Unix(1_800_000_000, 0)
	for _, after := range []time.Duration{0, 59 * time.Minute, 2 * time.Hour, 7 * 24 * time.Hour, 8760 * time.Hour, -time.Hour} {
		if off := mustToken(t).age(issued.Add(after)) - after; off > time.Hour || off < -time.Hour {
			t.Errorf("after %s its age is off by %s", after, off)
		}
	}
}

func mustNext(t *testing.T, token RefreshToken) RefreshToken {
	t.Helper()
	next, err := token.next(rand.Reader, time.Unix(1_800_003_600, 0))
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func mustToken(t *testing.T) RefreshToken {
	t.Helper()
	token, err := NewRefreshToken(rand.Reader, sessionOfTest, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	return token
}
