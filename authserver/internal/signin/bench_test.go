// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/token"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// These answer at once, so that what is measured is ours. Nothing else than the
// methods below must be called.
type (
	instantAttempts struct{ attempts.Store }
	instantSessions struct {
		session.Store
		user auth.User
	}
	instantSignIns struct {
		signin.Store
		user auth.User
	}
	noLocks          struct{ attempts.Ephemeral }
	noSuccessors     struct{ session.Ephemeral }
	instantPasswords struct{ auth.Passwords }
	noLogins         struct{}
	noRefreshes      struct{}
)

func (instantAttempts) ReserveAttempts(context.Context, []auth.Counter, time.Time) (attempts.Reservation, error) {
	return attempts.Reservation{}, nil
}

func (s instantSignIns) UserByStoredEmail(context.Context, string) (auth.User, bool, error) {
	return s.user, true, nil
}

func (instantSignIns) StartSession(context.Context, signin.NewSession, auth.Effects) (signin.SessionStart, error) {
	return signin.SessionStart{Started: true}, nil
}

func (s instantSessions) Rotate(context.Context, session.Rotation) (auth.Subject, bool, error) {
	return auth.Subject{UserID: s.user.ID, Email: s.user.Email, Role: s.user.Role, SessionID: s.user.ID}, true, nil
}

func (noLocks) Lock(context.Context, auth.CounterKey) ([]byte, bool) { return nil, false }

func (noSuccessors) Successor(context.Context, auth.TokenHash) ([]byte, bool) { return nil, false }

func (noSuccessors) KeepSuccessor(context.Context, auth.TokenHash, []byte, time.Duration) {}

func (instantPasswords) Verify(context.Context, string, string, string) (bool, error) {
	return true, nil
}

func (instantPasswords) Current(hash, _ string, _ int) string { return hash }

func (instantPasswords) CostsAsMuch(string, int) bool { return true }

func (noLogins) Login(string)      {}
func (noRefreshes) Refresh(string) {}

func newInstantService(b *testing.B) *signin.Service {
	b.Helper()
	snapshot := &realmconfig.Snapshot{
		Config: realmconfig.Config{
			Issuer: "https://auth.example.com",
			Tokens: realmconfig.Tokens{
				Audience: []string{"https://api.example.com"}, AccessTokenLifetime: realmconfig.Duration(time.Hour),
				RefreshTokenLifetime: realmconfig.Duration(24 * time.Hour), RefreshGracePeriod: realmconfig.Duration(10 * time.Second),
			},
			Login: realmconfig.Login{UnknownUser: realmconfig.Reveal, Lockout: realmconfig.Lockout{
				Failures: 5, Duration: realmconfig.Duration(time.Minute), SourceFailures: 100,
			}},
		},
		Keyset: realmfolder.Keyset(realmfolder.NewKey(realmconfig.ES256)),
		EncryptionKeys: realmconfig.EncryptionKeys{Version: realmconfig.Version, Primary: "one", Keys: []realmconfig.EncryptionKey{
			{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)},
		}},
	}
	user := auth.User{
		ID: "0193b3f2-0000-7000-8000-000000000001", Email: "ann@example.com", Role: auth.UserRole, PasswordHash: "unused",
	}
	realm := auth.Realm{
		Settings: func() realmconfig.Config { return snapshot.Config },
		Now:      time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	sealer := sealing.New(func() realmconfig.EncryptionKeys { return snapshot.EncryptionKeys })
	tokens := token.New(func() *realmconfig.Snapshot { return snapshot }, time.Now)
	events := &audit.Log{Realm: realm}
	return &signin.Service{
		Realm: realm, Store: instantSignIns{user: user}, Sealer: sealer, Tokens: tokens, Passwords: instantPasswords{}, Audit: events, Observer: noLogins{},
		Attempts:     &attempts.Service{Realm: realm, Store: instantAttempts{}, Ephemeral: noLocks{}, Sealer: sealer, Audit: events},
		Requirements: &requirement.Service{Realm: realm},
		Sessions: &session.Service{
			Realm: realm, Store: instantSessions{user: user}, Ephemeral: noSuccessors{}, Sealer: sealer, Tokens: tokens, Audit: events, Observer: noRefreshes{},
		},
	}
}

// BenchmarkLogin is a login without its hash, its stores and its transport.
func BenchmarkLogin(b *testing.B) {
	s := newInstantService(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Login(b.Context(), signin.Credentials{Email: "ann@example.com", Password: "unused"}, auth.Client{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefresh is a rotation without its stores and its transport.
func BenchmarkRefresh(b *testing.B) {
	s := newInstantService(b)
	signIn, err := s.Login(b.Context(), signin.Credentials{Email: "ann@example.com", Password: "unused"}, auth.Client{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sessions.Refresh(b.Context(), signIn.Grant.RefreshToken, auth.Client{}); err != nil {
			b.Fatal(err)
		}
	}
}
