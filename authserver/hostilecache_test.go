// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// intruder is somebody who can read and write the realm's Redis by hand.
type intruder struct {
	t      *testing.T
	client *redis.Client
	prefix string
}

func newIntruder(t *testing.T, r *realm, url string) *intruder {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return &intruder{t, client, "rk:" + r.Config.Realm + ":"}
}

// write sets a key for ever. A value of several lines becomes a list.
func (i *intruder) write(key, value string) {
	i.t.Helper()
	err := i.client.Del(i.t.Context(), i.prefix+key).Err()
	if lines := strings.Split(value, "\n"); err == nil && len(lines) > 1 {
		err = i.client.RPush(i.t.Context(), i.prefix+key, lines).Err()
	} else if err == nil {
		err = i.client.Set(i.t.Context(), i.prefix+key, value, 0).Err()
	}
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *intruder) set(key, value string) {
	i.t.Helper()
	if err := i.client.Set(i.t.Context(), i.prefix+key, value, 0).Err(); err != nil {
		i.t.Fatal(err)
	}
}

func (i *intruder) read(key string) string {
	i.t.Helper()
	value, err := i.client.Get(i.t.Context(), i.prefix+key).Result()
	if err != nil {
		i.t.Fatalf("%s: %v", key, err)
	}
	return value
}

// keys are all that begin so.
func (i *intruder) keys(kind string) []string {
	i.t.Helper()
	found, err := i.client.Keys(i.t.Context(), i.prefix+kind+"*").Result()
	if err != nil {
		i.t.Fatal(err)
	}
	for n := range found {
		found[n] = strings.TrimPrefix(found[n], i.prefix)
	}
	return found
}

func lockOf(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "lock:" + hex.EncodeToString(sum[:])
}

// hostile is what somebody may write.
func hostile() map[string]string {
	return map[string]string{
		"a time in 50 years":      time.Now().AddDate(50, 0, 0).Format(time.RFC3339Nano),
		"a document":              `{"from":"2026-01-01T00:00:00Z","until":"2076-01-01T00:00:00Z","role":"admin"}`,
		"a one":                   "1",
		"a number beyond numbers": "9999999999999999999999",
		"no number":               "nan",
		"nothing":                 "",
		"a list":                  "1\n2",
		"very much":               strings.Repeat("x", 8<<20),
	}
}

func TestNobodyIsLockedOutByWhatStandsInRedis(t *testing.T) {
	t.Parallel()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	eve := s.createUser(s.login().Access, "eve@example.com", "user")
	lock := func(email string) {
		t.Helper()
		for range 5 {
			s.tryLogin(email, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		}
		s.tryLogin(email, wrongPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	}
	for name, value := range hostile() {
		t.Run(name, func(t *testing.T) {
			i.write(lockOf(adminEmail), value)
			for range 5 {
				if a := s.tryLogin(adminEmail, adminPassword); a.Status != http.StatusOK {
					t.Fatalf("answered %d %s", a.Status, a.Body)
				}
			}
		})
	}
	t.Run("the lock of another account", func(t *testing.T) {
		lock(eve.Email)
		i.write(lockOf(adminEmail), i.read(lockOf(eve.Email)))
		s.login()
	})
	t.Run("the lock of yesterday", func(t *testing.T) {
		r.cheapen()
		lock(adminEmail)
		old := i.read(lockOf(adminEmail))
		r.Clock.Advance(15 * time.Minute)
		i.write(lockOf(adminEmail), old)
		s.login()
	})
	t.Run("a lock that was forgotten there", func(t *testing.T) {
		r.cheapen()
		lock(adminEmail)
		for name, value := range hostile() {
			i.write(lockOf(adminEmail), value)
			if a := s.tryLogin(adminEmail, adminPassword); a.Problem.Code != "account_locked" || a.RetryAfter() > 15*60 {
				t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
			}
		}
	})
	s.wantCacheUsed()
}

// wantCacheUsed says that the cache is not left alone, whatever somebody wrote. A busy
// machine may do so for a moment.
func (s *server) wantCacheUsed() {
	s.t.Helper()
	s.eventually("the cache is used", func() bool {
		s.tryLogin(adminEmail, adminPassword)
		s.realm.Clock.Advance(time.Second) // which a server counts until it tries again
		return s.Metric("realmkeeper_cache_away") == "0"
	})
}

// A lock ends by the limit that is in force, wherever it stands.
func TestALoweredLimitFreesThoseWhoAreLocked(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.Duration = realmconfig.Duration(24 * time.Hour)
	r.Update()
	s := r.serve()
	for range 5 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	if a := s.tryLogin(adminEmail, adminPassword); a.Problem.Code != "account_locked" || a.RetryAfter() < 23*3600 {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	revision := s.Report().ConfigRevision
	r.Config.Login.Lockout.Duration = realmconfig.Duration(10 * time.Minute)
	r.Update()
	s.eventually("the limit is lowered", func() bool { return s.Report().ConfigRevision != revision })
	r.Clock.Advance(5 * time.Minute)
	for range 2 { // told by PostgreSQL, then by Redis
		if a := s.tryLogin(adminEmail, adminPassword); a.Problem.Code != "account_locked" || a.RetryAfter() > 5*60 {
			t.Errorf("answered %d %s, %s", a.Status, a.Body, a.Header.Get("Retry-After"))
		}
	}
	r.Clock.Advance(5 * time.Minute)
	s.login()
}

func TestNobodyIsShutOutByWhatStandsInRedis(t *testing.T) {
	t.Parallel()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	a := s.newAnn("user")
	gone := s.login()
	s.as(gone.Access, http.MethodPost, "/api/auth/logout", map[string]string{})
	session := claimsOf(t, a.session.Access)["sid"].(string)
	genuine := i.read("revoked:" + claimsOf(t, gone.Access)["sid"].(string))

	values := hostile()
	values["the end of another session"] = genuine
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			for _, key := range []string{"revoked:" + session, "revoked:" + a.user.ID, "ended:" + session} {
				i.write(key, value)
			}
			if got := s.verifies(a.session.Access, "?role=user"); got != "200" {
				t.Errorf("verification says %s", got)
			}
			if got := s.verifies(gone.Access, ""); got != "token_invalid" {
				t.Errorf("of an ended session it says %s", got)
			}
		})
	}
}

func TestRefreshesGoOnWhateverStandsInRedis(t *testing.T) {
	t.Parallel()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	r.Clock.Stop() // within the grace period, however long it takes
	session := s.login()
	for name, value := range hostile() {
		next := s.refresh(session.Refresh)
		for _, key := range i.keys("grace:") {
			i.write(key, value)
		}
		if again := s.refresh(session.Refresh); again.Refresh != next.Refresh {
			t.Errorf("%s: a retry got another successor", name)
		}
		session = next
	}
	s.wantCacheUsed()
}

// Whoever writes there can seal an answer for a refresh token of their own, which only
// the Store could contradict.
func TestNobodyIsSomebodyElseByWhatStandsInRedis(t *testing.T) {
	t.Parallel()
	cache, database := testenv.StartRedis(t), realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, database.Database(t), cache.URL())
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	admin := claimsOf(t, s.login().Access)
	ann := s.newAnn("user")
	if err := database.Halt(); err != nil {
		t.Fatal(err)
	}
	i.set(graceOf(ann.session.Refresh), sealedAnswer(t, ann.session.Refresh, map[string]any{
		"successor": ann.session.Refresh, "expiresAt": r.Clock.Now().Add(time.Hour), "graceEnds": r.Clock.Now().Add(9 * time.Second),
		"subject": map[string]any{"user": admin["sub"], "email": adminEmail, "role": "admin", "session": admin["sid"]},
	}))
	s.tryRefresh(ann.session.Refresh).Expect(t, http.StatusServiceUnavailable, "database_unavailable")
}

func graceOf(refresh string) string {
	sum := sha256.Sum256([]byte(refresh))
	return "grace:" + hex.EncodeToString(sum[:])
}

// sealedAnswer is sealed as anybody can who holds the token.
func sealedAnswer(t *testing.T, refresh string, answer any) string {
	t.Helper()
	document, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, []byte(refresh), nil, "realmkeeper refresh answer", 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return string(aead.Seal(nil, nil, document, nil)) //nolint:gosec // the cipher draws the nonce
}

// Whoever writes there may keep a source waiting for a minute, and no longer.
func TestNoSourceWaitsLongForWhatStandsInRedis(t *testing.T) {
	t.Parallel()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	r.Config.Network.RequestsPerMinute = 3
	r.Update()
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	s.login()
	for name, value := range hostile() {
		keys := i.keys("rate:")
		if len(keys) == 0 {
			t.Fatal("nothing is counted")
		}
		for _, key := range keys {
			i.write(key, value)
		}
		first := s.tryLogin(adminEmail, adminPassword)
		if first.Status != http.StatusOK && (first.Problem.Code != "rate_limited" || first.RetryAfter() > 60) {
			t.Errorf("%s: answered %d %s", name, first.Status, first.Body)
		}
		r.Clock.Advance(time.Minute)
		if a := s.tryLogin(adminEmail, adminPassword); a.Status != http.StatusOK {
			t.Errorf("%s: after a minute answered %d %s", name, a.Status, a.Body)
		}
	}
}

// News of a role that is in force no more may have been kept by whoever reads Redis,
// until no server remembers what came after it.
func TestOldNewsShutsNobodyOut(t *testing.T) {
	t.Parallel()
	cache := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), cache.URL())
	s := r.serve()
	i := newIntruder(t, r, cache.URL())
	a := s.newAnn("user")
	admin := s.login().Access
	s.as(admin, http.MethodPatch, "/api/admin/users/"+a.user.ID, map[string]any{"role": "editor"}).Expect(t, http.StatusOK, "")
	news := i.read("revoked:" + a.user.ID)
	s.as(admin, http.MethodPatch, "/api/admin/users/"+a.user.ID, map[string]any{"role": "user"}).Expect(t, http.StatusOK, "")
	r.Exec("DELETE FROM revocations") // as they are when nobody has to know of them any more
	r.Clock.Advance(26 * time.Hour)
	later := r.serve()
	i.write("revoked:"+a.user.ID, news)
	fresh := later.tokensOf(later.tryLogin(a.user.Email, strangerPassword))
	if got := later.verifies(fresh.Access, "?role=user"); got != "200" {
		t.Errorf("verification says %s", got)
	}
}
