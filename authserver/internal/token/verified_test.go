// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// TestRememberedTokensAreStillHeldAgainstTimeAndDocuments verifies a good token
// twice, so that it is remembered, changes one thing and verifies it again.
func TestRememberedTokensAreStillHeldAgainstTimeAndDocuments(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		keyEnds time.Duration // zero for never
		later   time.Duration
		change  func(*realmconfig.Snapshot)
		want    auth.Code
	}{
		"nothing":         {},
		"the last moment": {later: time.Hour - time.Second},
		"its expiry":      {later: time.Hour, want: auth.TokenExpired},
		"the clock, back": {later: -time.Second},
		"its key's end":   {keyEnds: time.Minute, later: time.Minute, want: auth.TokenInvalid},
		"another issuer": {want: auth.TokenInvalid, change: func(s *realmconfig.Snapshot) {
			s.Config.Issuer = "https://other.example.com"
		}},
		"another audience": {want: auth.TokenInvalid, change: func(s *realmconfig.Snapshot) {
			s.Config.Tokens.Audience = []string{"https://other.example.com"}
		}},
		"its key taken away": {want: auth.TokenInvalid, change: func(s *realmconfig.Snapshot) {
			s.Keyset = realmfolder.Keyset(realmfolder.NewKey(realmconfig.ES256))
		}},
		"an end of all sessions, since": {want: auth.TokenInvalid, later: 10 * time.Second, change: func(s *realmconfig.Snapshot) {
			since := time.Now().Add(5 * time.Second)
			s.Config.Tokens.SessionsNotBefore = &since
		}},
		"an end of earlier sessions": {change: func(s *realmconfig.Snapshot) {
			since := time.Now().Add(-time.Minute)
			s.Config.Tokens.SessionsNotBefore = &since
		}},
		"an end of all sessions, ahead": {change: func(s *realmconfig.Snapshot) {
			since := time.Now().Add(time.Minute)
			s.Config.Tokens.SessionsNotBefore = &since
		}},
		"another key beside its own": {change: func(s *realmconfig.Snapshot) {
			s.Keyset = realmfolder.Keyset(s.Keyset.Keys()[0], realmfolder.NewKey(realmconfig.EdDSA))
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			current, now := newTestSnapshot(t, realmconfig.ES256), time.Now()
			tokens := New(func() *realmconfig.Snapshot { return current }, func() time.Time { return now })
			subject := auth.Subject{UserID: "u", Email: "ann@example.com", Role: "user", SessionID: "s"}
			access, _, err := tokens.Issue(subject)
			if err != nil {
				t.Fatal(err)
			}
			if until := now.Add(c.keyEnds); c.keyEnds > 0 {
				current.Keyset.Families[0].Keys[0].VerifyUntil = &until
			}
			for range 2 {
				if got, err := tokens.Verify(access); err != nil || got != subject {
					t.Fatalf("verified as %+v, %v", got, err)
				}
			}
			now = now.Add(c.later)
			if c.change != nil {
				changed := *current // documents are replaced, never changed in place
				c.change(&changed)
				current = &changed
			}
			_, err = tokens.Verify(access)
			var refusal *auth.Error
			if errors.As(err, &refusal) != (c.want != "") || refusal != nil && refusal.Code != c.want {
				t.Errorf("said %v, want %q", err, c.want)
			}
		})
	}
}

func TestOnlyWhatWasVerifiedIsRemembered(t *testing.T) {
	t.Parallel()
	snapshot := newTestSnapshot(t, realmconfig.EdDSA)
	tokens := New(func() *realmconfig.Snapshot { return snapshot }, time.Now)
	access, _, err := tokens.Issue(auth.Subject{UserID: "u", SessionID: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(access); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]auth.Secret{
		"cut": access[:len(access)-1], "longer": access + "A", "empty": "", "another's signature": access[:len(access)-4] + "AAAA",
	} {
		for range 2 {
			if _, err := tokens.Verify(other); !errors.Is(err, &auth.Error{Code: auth.TokenInvalid}) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := len(tokens.verified.young); n != 1 {
		t.Errorf("remembers %d tokens, want 1", n)
	}
}

func TestMemoryOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	v, s, now := &verified{}, newTestSnapshot(t, realmconfig.EdDSA), time.Now()
	p := proof{subject: auth.Subject{UserID: "u"}, kid: s.Keyset.Keys()[0].KID, since: now, expiresAt: now.Add(time.Hour)}
	name := func(i int) auth.Secret { return auth.Secret(fmt.Sprint(i)) }
	for i := range 5 * generation {
		v.remember(name(i), s, p)
		if _, found := v.recall(name(0), s, now); !found {
			t.Fatalf("one that is seen all the time is forgotten after %d others", i)
		}
	}
	if n := len(v.young) + len(v.old); n > 2*generation {
		t.Errorf("remembers %d tokens", n)
	}
	if _, found := v.recall(name(1), s, now); found {
		t.Error("one that was not seen for long is still remembered")
	}
}
