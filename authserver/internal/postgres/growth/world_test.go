// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// world is a filled database, and a Store of it as a pod has one.
type world struct {
	t     testing.TB
	fill  filler
	conn  *pgx.Conn // looks and prepares; what it does is not recorded
	store *postgres.Store
	made  int
}

func place(url string) realmconfig.Place { return realmconfig.Place{URL: realmconfig.Credential(url)} }

// newWorld opens what has been filled.
func newWorld(t testing.TB, f filler) *world {
	t.Helper()
	w := &world{t: t, fill: f, conn: connect(t, f.url)}
	w.reopen()
	return w
}

// reopen gives the Store new sessions.
func (w *world) reopen() {
	w.t.Helper()
	if w.store != nil {
		w.store.Close()
	}
	w.store = openStore(w.t, w.fill.url)
}

// patience lets a statement take its time on a machine that is busy with other things.
const patience = 20 * time.Second

func openStore(t testing.TB, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), place(url), postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// sql runs a statement of the test's own, for what an exercise finds in place.
func (w *world) sql(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.conn.Exec(w.t.Context(), w.fill.expand(statement), args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// ask reads one row.
func (w *world) ask(into []any, statement string, args ...any) {
	w.t.Helper()
	if err := w.conn.QueryRow(w.t.Context(), w.fill.expand(statement), args...).Scan(into...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// number is one that has not been used yet, up to a bound, far from the last one.
func (w *world) number(bound int) int {
	w.made++
	return 1 + w.made*7919%bound
}

// user is the next one for whom a condition on users holds, as the Store knows them.
func (w *world) user(condition string) auth.User {
	w.t.Helper()
	for range 10_000 {
		n := w.number(w.fill.size.users)
		found := false
		w.ask([]any{&found}, `SELECT EXISTS (SELECT FROM users WHERE id = `+userID(fmt.Sprint(n))+` AND `+condition+`)`)
		if found {
			return w.userNumber(n)
		}
	}
	w.t.Fatalf("nobody has %s", condition)
	return auth.User{}
}

func (w *world) userNumber(n int) auth.User {
	w.t.Helper()
	u := auth.User{}
	w.ask([]any{
		&u.ID, &u.Email, &u.Role, &u.Name, &u.Locale, &u.PasswordHash, &u.EmailVerifiedAt, &u.DisabledAt, &u.PasswordChangedAt, &u.CreatedAt, &u.LastLoginAt,
	}, `SELECT id::text, email, role, name, locale, coalesce(password_hash, ''), email_verified_at, disabled_at, password_changed_at, created_at, last_login_at
		FROM users WHERE id = `+userID(fmt.Sprint(n)))
	return u
}

// The conditions that most exercises are about.
const (
	anybody  = "role = 'user' AND disabled_at IS NULL AND email_verified_at IS NOT NULL AND password_hash IS NOT NULL"
	unproved = "role = 'user' AND disabled_at IS NULL AND email_verified_at IS NULL AND password_hash IS NOT NULL"
	enrolled = anybody + " AND EXISTS (SELECT FROM second_factors f WHERE f.user_id = users.id AND f.verified_at IS NOT NULL AND f.method = 'totp')"
	texted   = anybody + " AND EXISTS (SELECT FROM second_factors f WHERE f.user_id = users.id AND f.verified_at IS NOT NULL AND f.method = 'sms')"
	linked   = anybody + " AND EXISTS (SELECT FROM identities i WHERE i.user_id = users.id)"
	keyed    = anybody + " AND EXISTS (SELECT FROM passkeys p WHERE p.user_id = users.id AND p.user_verified)"
	signedIn = anybody + " AND EXISTS (SELECT FROM sessions s WHERE s.user_id = users.id AND s.ended_at IS NULL)"
)

// heldSession is one that lives, and its token.
type heldSession struct {
	id, user string
	token    auth.TokenHash
}

// session is the next one that lives, of a user who may use it.
func (w *world) session() heldSession {
	w.t.Helper()
	for range 10_000 {
		n := w.number(w.fill.size.sessions())
		h := heldSession{token: tokenOf(2 * n)}
		err := w.conn.QueryRow(w.t.Context(), `
			SELECT s.id::text, s.user_id::text FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
			WHERE t.hash = $1 AND t.rotated_at IS NULL AND t.expires_at > now() AND s.ended_at IS NULL AND u.disabled_at IS NULL`, h.token[:]).Scan(&h.id, &h.user)
		if err == nil {
			return h
		}
	}
	w.t.Fatal("no session lives")
	return heldSession{}
}

// tokenOf is tokenHash, in Go.
func tokenOf(n int) auth.TokenHash { return sha256.Sum256([]byte(fmt.Sprint("token", n))) }

func (w *world) now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newHash() auth.TokenHash { return sha256.Sum256([]byte(newID())) }

// from is who sends the requests.
var from = auth.Client{
	UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", Address: "192.0.2.77",
}

// event is what a method tells the audit log.
func (w *world) event(action auth.Action, userID string) auth.Effects {
	return auth.Effects{Events: []auth.Event{{
		ID: newID(), Action: action, Outcome: auth.Succeeded, ActorID: userID, TargetID: userID, Address: from.Address, UserAgent: from.UserAgent, At: w.now(),
	}}}
}

// mailed is an event with a message that counts against quotas.
func (w *world) mailed(action auth.Action, userID string) auth.Effects {
	also := w.event(action, userID)
	also.Messages = []auth.Message{{
		ID: newID(), Channel: auth.ByMail, Kind: auth.VerifyEmailMessage, Sealed: make([]byte, 300),
		Quotas: []auth.Quota{{Key: auth.CounterKey(newHash()), Limit: 5}, {Key: auth.CounterKey(newHash()), Limit: 500, IfSent: true}},
	}}
	return also
}
