// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const (
	typedDomain  = "ann@Bücher.example"
	storedDomain = "ann@xn--bcher-kva.example"
)

// former adds a user as a release before package mailaddress could have, and
// returns their id.
func (r *realm) former(email string) string {
	r.t.Helper()
	suite.secrets.used(email, annPassword)
	hash, err := bcrypt.GenerateFromPassword([]byte(annPassword), bcrypt.MinCost)
	if err != nil {
		r.t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	r.Exec("ALTER TABLE users DISABLE TRIGGER users_email_added")
	r.Exec("INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, now())", id, email, string(hash))
	r.Exec("ALTER TABLE users ENABLE TRIGGER users_email_added")
	return id
}

func (r *realm) emailOf(id string) string {
	r.t.Helper()
	return query[string](r, "SELECT email FROM users WHERE id = $1", id)
}

func TestOneMailboxIsOneAccount(t *testing.T) {
	t.Parallel()
	suite.secrets.used(typedDomain, storedDomain)
	r := newMailingRealm(t)
	s := r.serve()
	s.tryRegister(typedDomain, annPassword).Expect(t, http.StatusCreated, "")
	s.tryRegister("ANN@xn--bcher-kva.EXAMPLE", annPassword).Expect(t, http.StatusConflict, "email_taken")
	for _, name := range []string{typedDomain, storedDomain, " ann@BU\u0308CHER.example\n"} {
		s.tokensOf(s.tryLogin(name, annPassword))
	}
	s.verifyEmail(r.lastLetter(storedDomain, auth.VerifyEmailMessage).token(t), annPassword).Expect(t, http.StatusOK, "")
	if n := query[int](r, "SELECT count(*) FROM users WHERE email = $1", storedDomain); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestWhatCannotBeMailedIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.cheapen()
	s := r.serve()
	admin := s.login().Access
	for email, detail := range map[string]string{
		"adm\u0130n@example.com": "must have only ASCII letters before the @",
		"hana..sato@example.com": "must have no dot before the @ that is first, last or next to another",
		"a,b@example.com":        "must have only letters, digits, dots and !#$%&'*+-/=?^_`{|}~ before the @",
		"ann@exam\u200bple.com":  "must not have invisible characters",
		"ann@127.0.0.1":          "must have a domain after the @, not an IP address",
		"ann@example.com.":       "must not end with a dot",
		"ann@exam_ple.com":       "must have a domain such as example.com after the @",
		"ann@xn--example-.com":   "must have a domain such as example.com after the @",
	} {
		suite.secrets.used(email)
		for what, a := range map[string]answer{
			"registration": s.tryRegister(email, annPassword),
			"reset":        s.post("/api/auth/reset-password", map[string]string{"email": email}),
			"resend":       s.post("/api/auth/verify-email/resend", map[string]string{"email": email}),
			"new user":     s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{"email": email, "password": annPassword}),
			"change":       s.as(admin, http.MethodPost, "/api/user/email", map[string]string{"email": email, "password": adminPassword}),
		} {
			a.Expect(t, http.StatusBadRequest, "invalid_request")
			if len(a.Problem.Errors) != 1 || a.Problem.Errors[0].Field != "email" || a.Problem.Errors[0].Detail != detail {
				t.Errorf("%s with %q says %v, want %s", what, email, a.Problem.Errors, detail)
			}
		}
		if err := r.importUsers(line(t, map[string]any{"email": email, "password_hash": hashesOfOthers()["django"]})); err == nil {
			t.Errorf("%q was imported", email)
		}
	}
	if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d users, want the admin alone", n)
	}
}

// A login with what is no address is one with an address that nobody has: the
// same answer after the same work, and a lock after the same number of tries.
func TestImpossibleAddressIsAnUnknownOne(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Config.Login.Lockout.Failures = 3
	r.Update()
	s := r.serve()
	for _, email := range []string{"nobody@example.com", "adm\u0130n@example.com", "a,b@example.com", "nobody@\u0130nternal.example"} {
		suite.secrets.used(email)
		for range 3 {
			before := s.hashed()
			s.tryLogin(email, adminPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
			if did := s.hashed() - before; did != 1 {
				t.Errorf("%q cost %d hashes", email, did)
			}
		}
		s.tryLogin(email, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	}
	s.login() // it is nobody's but the admin's counter that was locked
}

// rewritten is what the trail says of addresses from before.
func (r *realm) rewritten() string {
	r.t.Helper()
	return query[string](r, `SELECT coalesce(string_agg(outcome || ' ' || target_id, ', ' ORDER BY outcome, target_id), '')
		FROM audit_events WHERE action = 'email.rewritten'`)
}

func TestFormerAddressesAreRewrittenOrReported(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	movable, unmailable := r.former("hana@bücher.example"), r.former("müller@example.com")
	first, second := r.former("bob@müller.example"), r.former("bob@mu\u0308ller.example")
	fine, fake := r.former("eve@xn--bcher-kva.example"), r.former("eve@xn--a.example")
	r.Exec(`INSERT INTO tickets (hash, kind, user_id, email, created_at, expires_at)
		VALUES (sha256('x'), 'verify', $1, 'hana@bücher.example', now(), now() + interval '1 hour')`, movable)
	r.Exec(`INSERT INTO attempts (key, pending, failures, allowed, reserved_at, expires_at)
		VALUES (sha256(convert_to('hana@bücher.example', 'UTF8')), 0, 4, 5, now(), now() + interval '1 hour')`)

	race.Run(5, func(int) {
		if err := r.migrate(); err != nil {
			t.Error(err)
		}
	})
	const trail = "email_taken %s, invalid_email %s, invalid_email %s, succeeded %s, succeeded %s"
	want := fmt.Sprintf(trail, second, unmailable, fake, movable, first)
	if said := r.rewritten(); said != want {
		t.Errorf("the trail says %s, want %s", said, want)
	}
	if err := r.migrate(); err != nil || r.rewritten() != want {
		t.Errorf("the second time the trail says %s, %v", r.rewritten(), err)
	}
	for id, email := range map[string]string{
		movable: "hana@xn--bcher-kva.example", unmailable: "müller@example.com", first: "bob@xn--mller-kva.example",
		second: "bob@mu\u0308ller.example", fine: "eve@xn--bcher-kva.example", fake: "eve@xn--a.example",
	} {
		if has := r.emailOf(id); has != email {
			t.Errorf("%s has %q, want %q", id, has, email)
		}
	}
	const moved = `SELECT EXISTS (SELECT FROM tickets WHERE email = 'hana@xn--bcher-kva.example')
		AND EXISTS (SELECT FROM attempts WHERE key = sha256('hana@xn--bcher-kva.example') AND failures = 4)`
	if !query[bool](r, moved) {
		t.Error("the link that was mailed, or the failures that were counted, stayed with the old form")
	}
}

func TestNobodyIsShutOutByTheirFormerAddress(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	unmailable, comma := r.former("müller@example.com"), r.former("a,b@example.com")
	first, second := r.former("bob@müller.example"), r.former("bob@mu\u0308ller.example")
	r.former("hana@bücher.example")
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	for name, id := range map[string]string{
		"Müller@Example.com": unmailable, "A,B@example.com": comma, "bob@Müller.example": first, "bob@mu\u0308ller.example": second,
		"hana@bücher.example": "", "hana@xn--bcher-kva.example": "",
	} {
		suite.secrets.used(name)
		tokens := s.tokensOf(s.tryLogin(name, annPassword))
		profile := decode[struct{ ID string }](t, s.profile(tokens.Access), http.StatusOK)
		if id != "" && profile.ID != id {
			t.Errorf("%s is %s, not %s", name, profile.ID, id)
		}
	}
	// Whoever has such an address may have a better one.
	suite.secrets.used("mueller@example.com")
	tokens := s.tokensOf(s.tryLogin("müller@example.com", annPassword))
	s.as(tokens.Access, http.MethodPost, "/api/user/email", map[string]string{"email": "mueller@example.com", "password": annPassword}).
		Expect(t, http.StatusAccepted, "")
	s.verifyEmail(r.lastLetter("mueller@example.com", auth.VerifyEmailMessage).token(t), annPassword).Expect(t, http.StatusOK, "")
	if has := r.emailOf(unmailable); has != "mueller@example.com" {
		t.Errorf("has %s", has)
	}
}

// A former address is guessed at no more often than any other, however it is
// spelled.
func TestSpellingsOfAnAddressAreCountedTogether(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.Failures = 3
	r.Update()
	r.former(storedDomain)
	s := r.serve()
	for _, name := range []string{"ann@bücher.example", "ann@ＢÜCHER.example", "ANN@bu\u0308cher。example"} {
		suite.secrets.used(name)
		s.tryLogin(name, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.tryLogin(storedDomain, annPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestTheDatabaseTakesOnlyAddresses(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	for email, taken := range map[string]bool{
		"a@b": true, "ann.lee+x@sub.example.com": true, "!#$%&'*+-/=?^_`{|}~@example.com": true, storedDomain: true,
		strings.Repeat("a", 64) + "@example.com": true, "a@" + strings.Repeat("b", 63) + ".example": true, "a@1and1.example": true,
		"Ann@example.com": false, "\u0131nn@example.com": false, "ann@bücher.example": false, "a..b@example.com": false, "a,b@example.com": false,
		" a@b": false, "a@b.": false, "a@-b": false, "a@b-": false, "a@b_c": false, "a@1.2.3.4": false, "a@b.1": false, "a@ab--c": false, "a": false,
		strings.Repeat("a", 65) + "@example.com": false, "a@" + strings.Repeat("b", 64) + ".example": false, "a@b\n": false,
		"a@" + strings.Repeat(strings.Repeat("b", 62)+".", 4) + "example": false,
	} {
		if is := query[bool](r, "SELECT is_mail_address($1)", email); is != taken {
			t.Errorf("%q: is an address is %t", email, is)
		}
	}
	conn, err := pgx.Connect(t.Context(), r.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range []string{
		"INSERT INTO users (id, email, created_at) VALUES (gen_random_uuid(), 'a,b@example.com', now())",
		"UPDATE users SET email = 'a,b@example.com'",
	} {
		_, err := conn.Exec(t.Context(), statement)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "23514" {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestAdminsFindAddressesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	suite.secrets.used(typedDomain, storedDomain)
	r := newRealm(t)
	old := r.former("müller@example.com")
	s := r.serve()
	admin := s.login().Access
	ann := s.createUser(admin, typedDomain, "user")
	for query, found := range map[string]string{
		"bücher": ann.ID, "ann@Bücher.example": ann.ID, "ANN@BÜCHER": ann.ID, "ANN@XN--BCHER": ann.ID, "@bücher.example": ann.ID,
		"@XN--bcher": ann.ID, "NAME OF": ann.ID, "\u0430dmin@example.com": "", "bob@bücher.example": "", "müller@": old, "%": "",
	} {
		users := decode[struct{ Users []person }](t, s.as(admin, http.MethodGet, "/api/admin/users?q="+url.QueryEscape(query), nil), http.StatusOK).Users
		if found == "" && len(users) > 0 || found != "" && (len(users) != 1 || users[0].ID != found) {
			t.Errorf("%q found %+v", query, users)
		}
	}
	s.tryLogin("ann@BÜCHER.example", wrongPassword)
	for _, email := range []string{typedDomain, "ann@bu\u0308cher.example", storedDomain} {
		events := decode[struct{ Events []struct{ Outcome string } }](t, s.as(admin, http.MethodGet, "/api/admin/audit?action=login&email="+url.QueryEscape(email), nil), http.StatusOK)
		if len(events.Events) != 1 || events.Events[0].Outcome != "invalid_credentials" {
			t.Errorf("about %q the trail says %+v", email, events)
		}
		b := s.newPageBrowser()
		b.signIn(adminEmail, adminPassword)
		b.open("/admin/audit?action=login&email=" + url.QueryEscape(email))
		b.sees("/admin/audit", http.StatusOK, "The e-mail address or the password is wrong.")
	}
}

// A provider vouches for addresses, not for what folds into them.
func TestProvidersVouchForTheAddressItself(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		email   string
		domains []string
		status  int
		is      string
	}{
		"folds into the admin's":       {"adm\u0130n@example.com", nil, http.StatusForbidden, ""},
		"folds with the Kelvin sign":   {"\u212aate@example.com", nil, http.StatusForbidden, ""},
		"a domain that folds":          {"eve@\u0130nternal.example", []string{"internal.example"}, http.StatusForbidden, ""},
		"a domain that looks the same": {"eve@intern\u0430l.example", []string{"internal.example"}, http.StatusForbidden, ""},
		"no address":                   {"a,b@internal.example", []string{"internal.example"}, http.StatusForbidden, ""},
		"a setting that folds":         {"eve@internal.example", []string{"\u0130nternal.example"}, http.StatusForbidden, ""},
		"U-labels for A-labels":        {"dora@Bücher.example", []string{"xn--bcher-kva.example"}, http.StatusOK, "dora@xn--bcher-kva.example"},
		"A-labels for U-labels":        {"erna@XN--BCHER-KVA.example", []string{"bücher.example"}, http.StatusOK, "erna@xn--bcher-kva.example"},
		"capitals for small letters":   {"Finn@Internal.EXAMPLE", []string{"internal.example"}, http.StatusOK, "finn@internal.example"},
	}
	providers, named := []realmconfig.Provider{}, map[string]string{}
	for name, c := range cases {
		u := newUpstream(t)
		u.script(func() {
			u.claims["sub"], u.claims["email"], u.claims["email_verified"] = name, c.email, true
		})
		named[name] = fmt.Sprint("provider-", len(named))
		p := u.provider(named[name], realmconfig.OIDC)
		p.AllowedEmailDomains, p.LinkByEmail = c.domains, true
		providers = append(providers, p)
		suite.secrets.used(c.email, c.is)
	}
	r, s := serveWith(t, providers...)
	for name, c := range cases {
		_, a := s.newBrowser().signIn(named[name], nil)
		if a.Status != c.status {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
			continue
		}
		if c.is == "" {
			continue
		}
		if n := query[int](r, "SELECT count(*) FROM users WHERE email = $1", c.is); n != 1 {
			t.Errorf("%s: %d users have the address", name, n)
		}
	}
	if n := query[int](r, "SELECT count(*) FROM identities i JOIN users u ON u.id = i.user_id WHERE u.email = $1", adminEmail); n != 0 {
		t.Error("the admin has got an identity")
	}
}
