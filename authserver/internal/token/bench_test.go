// SPDX-License-Identifier: Apache-2.0

package token

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

func newTestSnapshot(b testing.TB, a realmconfig.Algorithm) *realmconfig.Snapshot {
	b.Helper()
	return &realmconfig.Snapshot{
		Config: realmconfig.Config{
			Issuer: "https://auth.example.com",
			Tokens: realmconfig.Tokens{
				Audience: []string{"https://api.example.com"}, AccessTokenLifetime: realmconfig.Duration(time.Hour),
			},
		},
		Keyset: realmfolder.Keyset(realmfolder.NewKey(a)),
	}
}

// BenchmarkTokens is a token's whole way, through claims, JSON and signature.
func BenchmarkTokens(b *testing.B) {
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.ES256, realmconfig.EdDSA, realmconfig.RS256} {
		snapshot := newTestSnapshot(b, algorithm)
		tokens := New(func() *realmconfig.Snapshot { return snapshot }, time.Now)
		subject := auth.Subject{UserID: "0193b3f2-0000-7000-8000-000000000001", Email: "ann@example.com", Role: "user", SessionID: "0193b3f2-0000-7000-8000-000000000002"}
		access, _, err := tokens.Issue(subject)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("sign/"+string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := tokens.Issue(subject); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("verify, first time/"+string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tokens.verified = &verified{}
				if got, err := tokens.Verify(access); err != nil || got != subject {
					b.Fatal(got, err)
				}
			}
		})
		b.Run("verify, again/"+string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got, err := tokens.Verify(access); err != nil || got != subject {
					b.Fatal(got, err)
				}
			}
		})
	}
}
