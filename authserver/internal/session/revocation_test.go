// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestRevocationsJudgeTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	user, session := uuid.NewString(), uuid.NewString()
	role := func(role string, after time.Duration) Revocation { return Revocation{user, &role, now.Add(after)} }
	cases := map[string]struct {
		heard []Revocation
		want  auth.Code
	}{
		"nothing":                     {nil, ""},
		"of other sessions and users": {[]Revocation{{About: uuid.NewString()}, {About: "nobody's"}}, ""},
		"the end of its session":      {[]Revocation{{About: session}}, auth.TokenInvalid},
		"another role":                {[]Revocation{role("user", 0)}, auth.TokenExpired},
		"its role":                    {[]Revocation{role("admin", 0)}, ""},
		"no role":                     {[]Revocation{role("", 0)}, auth.TokenInvalid},
		"another and again its role":  {[]Revocation{role("user", 0), role("admin", 1)}, ""},
		"the later one first":         {[]Revocation{role("user", 1), role("admin", 0)}, auth.TokenExpired},
		"another role and the end":    {[]Revocation{role("user", 1), {About: session}}, auth.TokenInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &revocations{}
			for range 2 { // however often it is told
				for _, one := range c.heard {
					r.add(now, one)
				}
			}
			if got := r.judge(auth.Subject{UserID: user, SessionID: session, Role: "admin"}); got != c.want {
				t.Errorf("judged %q, want %q", got, c.want)
			}
		})
	}
}

func TestRevocationsJudgeTokensOfClients(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token, grant, user := uuid.NewString(), uuid.NewString(), uuid.NewString()
	role := func(role string, after time.Duration) Revocation { return Revocation{user, &role, now.Add(after)} }
	for name, c := range map[string]struct {
		heard []Revocation
		want  bool
	}{
		"nothing":                      {nil, false},
		"of others":                    {[]Revocation{{About: uuid.NewString()}, {About: "nobody's"}}, false},
		"its own":                      {[]Revocation{{About: token}}, true},
		"the end of its grant":         {[]Revocation{{About: grant}}, true},
		"another role, which it lacks": {[]Revocation{role("admin", 0)}, false},
		"a user who is shut out":       {[]Revocation{role("", 0)}, true},
		"one who is let in again":      {[]Revocation{role("", 0), role("user", 1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &revocations{}
			r.add(now, c.heard...)
			if got := r.revokes(token, grant, user); got != c.want {
				t.Errorf("judged %t, want %t", got, c.want)
			}
		})
	}
}

func TestRevocationsAreForgottenWhenNoTokenCanLive(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &revocations{}
	session, user, other := uuid.NewString(), uuid.NewString(), "user"
	token := auth.Subject{UserID: user, SessionID: session, Role: "admin"}
	r.add(now)
	r.add(now.Add(RevocationMemory-time.Second), Revocation{About: session}, Revocation{user, &other, now})
	for step := time.Duration(0); step < RevocationMemory; step += time.Hour {
		r.add(now.Add(RevocationMemory - time.Second + step))
		if r.judge(token) != auth.TokenInvalid {
			t.Fatalf("forgotten after %s", step)
		}
	}
	r.add(now.Add(3 * RevocationMemory))
	r.add(now.Add(4 * RevocationMemory))
	if got := r.judge(token); got != "" {
		t.Errorf("judged %q for ever", got)
	}
	if n := len(r.young.sessions) + len(r.old.sessions) + len(r.young.users) + len(r.old.users); n != 0 {
		t.Errorf("%d are kept", n)
	}
}

func BenchmarkJudge(b *testing.B) {
	now := time.Now()
	for _, ended := range []int{0, 1_000_000} {
		b.Run(fmt.Sprint(ended), func(b *testing.B) {
			r := &revocations{}
			for range ended {
				r.add(now, Revocation{About: uuid.NewString()})
			}
			token := auth.Subject{UserID: uuid.NewString(), SessionID: uuid.NewString(), Role: "user"}
			b.ReportAllocs()
			for b.Loop() {
				if r.judge(token) != "" {
					b.Fatal("revoked")
				}
			}
		})
	}
}
