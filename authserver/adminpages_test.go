// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// newAdmin is served, and an admin has signed in to the pages.
func newAdmin(t *testing.T, r *realm) (*server, *pageBrowser) {
	t.Helper()
	suite.secrets.used(annEmail, strangerPassword)
	s := r.serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	return s, b
}

// listed is the addresses that a list of users shows.
func (b *pageBrowser) listed() string {
	emails := []string{}
	for _, cell := range b.all("th", "scope", "row") {
		for link := range cell.Descendants() {
			if link.Data == "a" {
				emails = append(emails, strings.TrimSuffix(link.FirstChild.Data, "@example.com"))
			}
		}
	}
	return strings.Join(emails, " ")
}

func TestPagesForAdminsAreForAdmins(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	ann := s.createUser(s.login().Access, annEmail, "user")
	b.sees("/account", http.StatusOK, "Users", "Audit trail")
	user, stranger := s.newPageBrowser(), s.newPageBrowser()
	user.signIn(annEmail, strangerPassword)
	if strings.Contains(user.body, "/admin/") {
		t.Error("a user is shown the way to the pages for admins")
	}
	own := "/admin/users/" + ann.ID
	for _, path := range []string{
		"/admin/users", own, own + "/disable", own + "/enable", own + "/unlock", own + "/sessions/end", own + "/two-factor/reset", own + "/delete",
	} {
		form := func() *http.Request {
			q := newRequest(t, http.MethodPost, path, url.Values{
				"email": {"eve@example.com"}, "password": {strangerPassword}, "role": {"admin"}, "confirm": {annEmail},
			}.Encode())
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return q
		}
		user.send(form())
		user.sees(path, http.StatusForbidden)
		stranger.send(form())
		stranger.sees("/signin", http.StatusOK)
	}
	for _, path := range []string{"/admin/users", "/admin/users/new", own, "/admin/audit", "/admin/audit?from=x"} {
		user.open(path)
		if user.status != http.StatusForbidden || strings.Contains(user.body, annEmail) {
			t.Errorf("GET %s of a user answered %d", path, user.status)
		}
		stranger.open(path)
		stranger.sees("/signin", http.StatusOK)
	}
	if got := query[int](r, "SELECT count(*) FROM users WHERE disabled_at IS NULL AND role = 'user'"); got != 1 {
		t.Errorf("%d users are as they were, want 1", got)
	}
}

func TestPagesFindUsers(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	admin := s.login().Access
	for _, email := range []string{annEmail, "anna@example.com", "bob@example.com"} {
		s.createUser(admin, email, map[bool]string{true: "auditor", false: "user"}[email[0] == 'b'])
	}
	r.Exec("UPDATE users SET disabled_at = now() WHERE email = 'anna@example.com'")
	for _, c := range []struct {
		fields map[string]string
		want   string
	}{
		{nil, "bob anna ann admin"},
		{map[string]string{"q": "AN"}, "anna ann"},
		{map[string]string{"role": "auditor"}, "bob"},
		{map[string]string{"status": "disabled"}, "anna"},
		{map[string]string{"q": "ann", "status": "active"}, "ann"},
		{map[string]string{"q": "nobody"}, ""},
		{map[string]string{"q": "'\"><b>"}, ""},
		{map[string]string{"status": "locked"}, ""},
	} {
		b.open("/admin/users")
		b.submit("/admin/users", c.fields)
		if got := b.listed(); got != c.want || b.status != http.StatusOK {
			t.Errorf("%v finds %q, want %q", c.fields, got, c.want)
		}
		if c.want == "" && !strings.Contains(b.text(), "Nobody fits.") {
			t.Errorf("%v: the page is silent", c.fields)
		}
		if got := attribute(b.find("input", "id", "q"), "value"); got != c.fields["q"] {
			t.Errorf("the page has forgotten that it was asked for %v: %q", c.fields, got)
		}
	}
	b.open("/admin/users?role=%0A&status=nonsense&before=x&q=" + strings.Repeat("a", 254))
	b.sees("/admin/users", http.StatusOK, "Nobody fits.")
	b.open("/admin/users?q=" + strings.Repeat("a", 255)) // which was cut, and found others
	b.sees("/admin/users", http.StatusBadRequest, "One of the fields holds more than it can take.")
	b.open("/admin/users?role=%00")
	b.sees("/admin/users", http.StatusBadRequest, "characters that we cannot keep")
}

func TestPagesOfManyUsers(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Exec(`INSERT INTO users (id, email, role, created_at)
		SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user', now() FROM generate_series(1, 119) n`)
	_, b := newAdmin(t, r)
	b.open("/admin/users?status=active")
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		for email := range strings.FieldsSeq(b.listed()) {
			seen[email] = true
		}
		if pages == 3 {
			break
		}
		b.open(attribute(b.link("Older"), "href"))
	}
	if len(seen) != 120 || strings.Contains(b.text(), "Older") {
		t.Errorf("three pages show %d users", len(seen))
	}
	b.open(attribute(b.link("Back to the newest"), "href"))
	if b.at.Query().Get("status") != "active" || strings.Contains(b.text(), "Back to the newest") {
		t.Errorf("the first page is %s", b.at)
	}
}

func TestPagesCreateUsers(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	_, b := newAdmin(t, r)
	b.open("/admin/users")
	b.open(attribute(b.link("New user"), "href"))
	for name, c := range map[string]struct {
		fields map[string]string
		says   string
	}{
		"email":    {map[string]string{"email": "ann", "role": "user"}, "This is not an e-mail address."},
		"taken":    {map[string]string{"email": adminEmail, "role": "user"}, "Another account has this e-mail address."},
		"role":     {map[string]string{"email": annEmail, "role": "no role"}, "A role is one word"},
		"password": {map[string]string{"email": annEmail, "role": "user", "password": "password1"}, "Please choose another password."},
	} {
		b.submit("/admin/users", c.fields)
		b.sees("/admin/users", http.StatusBadRequest, c.says)
		if field := attribute(b.find("input", "aria-invalid", "true"), "id"); field != map[bool]string{true: "email", false: name}[name == "taken"] {
			t.Errorf("%s: the field %s is wrong", name, field)
		}
		if got := attribute(b.find("input", "id", "email"), "value"); got != c.fields["email"] {
			t.Errorf("%s: the address was forgotten", name)
		}
	}
	b.submit("/admin/users", map[string]string{"email": annEmail, "name": "Ann <b>Lee</b>", "role": "auditor", "locale": "de"})
	b.sees("/admin/users/"+query[string](r, "SELECT id::text FROM users WHERE email = $1", annEmail), http.StatusOK, "an invitation is on its way", annEmail)
	if l := r.lastLetter(annEmail, auth.ResetPasswordMessage); !strings.Contains(l.Text, "Passwort") {
		t.Errorf("the invitation is\n%s", l.Text)
	}
	b.open("/admin/users/new")
	b.submit("/admin/users", map[string]string{"email": "bob@example.com", "password": strangerPassword})
	if !strings.Contains(b.text(), "The user is created.") {
		t.Errorf("the page says %s", b.text())
	}
	if got := len(r.letters("bob@example.com")); got != 0 {
		t.Errorf("somebody with a password was sent %d mails", got)
	}
}

func TestPagesSayWhatIsWrongWithAPassword(t *testing.T) {
	t.Parallel()
	_, b := newAdmin(t, newRealm(t))
	for password, says := range map[string]string{
		"ann":                      "It is shorter than 8 characters.",
		strings.Repeat("abcd", 19): "It is longer than 72 bytes.",
		"aaaaaaaaaaaa":             "It has too few different characters.",
		annEmail:                   "It is made of the e-mail address or the name.",
		"password1":                "It is among those that are tried first.",
	} {
		b.language = "en"
		b.open("/admin/users/new")
		b.submit("/admin/users", map[string]string{"email": annEmail, "password": password})
		b.sees("/admin/users", http.StatusBadRequest, says)
		for _, language := range []string{"de", "es", "fr"} {
			b.language = language
			b.submit("/admin/users", map[string]string{"email": annEmail, "password": password})
			if strings.Contains(b.text(), says) {
				t.Errorf("in %s, the page says %s", language, says)
			}
		}
	}
}

func TestPagesAdministerAUser(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	ann := s.createUser(s.login().Access, annEmail, "user")
	path := "/admin/users/" + ann.ID
	act := func(action string, fields map[string]string, says string) {
		t.Helper()
		b.open(path)
		b.submit(path+action, fields)
		b.sees(path, http.StatusOK, says)
	}
	act("", map[string]string{"name": "Ann Lee", "role": "auditor"}, "The profile is saved.")
	b.submit(path, map[string]string{"role": "no role"})
	b.sees(path, http.StatusBadRequest, "A role is one word")

	session := s.tokensOf(s.tryLogin(annEmail, strangerPassword))
	act("/sessions/end", nil, "The user is signed out everywhere.")
	s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.enrol(s.tokensOf(s.tryLogin(annEmail, strangerPassword)).Access)
	b.open(path)
	b.sees(path, http.StatusOK, "Authenticator app", "backup codes left: 10")
	act("/two-factor/reset", nil, "The second factor is removed.")
	s.tokensOf(s.tryLogin(annEmail, strangerPassword))
	for range 5 {
		s.tryLogin(annEmail, wrongPassword)
	}
	act("/unlock", nil, "The user can try to sign in again.")
	s.tokensOf(s.tryLogin(annEmail, strangerPassword))
	act("/disable", nil, "disabled and signed out everywhere")
	s.tryLogin(annEmail, strangerPassword).Expect(t, http.StatusForbidden, "account_disabled")
	act("/enable", nil, "The user may sign in again.")

	b.submit(path+"/delete", map[string]string{"confirm": "ann"})
	b.sees(path+"/delete", http.StatusBadRequest, "This is not the address of the account.")
	b.submit(path+"/delete", map[string]string{"confirm": " Ann@Example.com"})
	b.sees("/admin/users", http.StatusOK, "The user is deleted.")
	if b.listed() != "admin" {
		t.Errorf("there are still %s", b.listed())
	}
	b.open(path)
	b.sees(path, http.StatusNotFound)
	b.open("/admin/users/nonsense")
	b.sees("/admin/users/nonsense", http.StatusNotFound)

	want := "user.deleted user.enabled user.disabled account.unlocked second_factor.removed session.ended user.role_changed profile.updated user.created"
	got := query[string](r, `SELECT string_agg(action, ' ' ORDER BY id DESC) FROM audit_events
		WHERE target_id = $1 AND actor_id <> target_id AND outcome = 'succeeded'`, ann.ID)
	if got != want && got != strings.Replace(want, "user.role_changed profile.updated", "profile.updated user.role_changed", 1) {
		t.Errorf("the trail tells of %s", got)
	}
}

func TestPagesKeepTheLastAdmin(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	_, b := newAdmin(t, r)
	path := "/admin/users/" + query[string](r, "SELECT id::text FROM users")
	for action, fields := range map[string]map[string]string{
		"": {"role": "user"}, "/disable": nil, "/delete": {"confirm": adminEmail},
	} {
		b.open(path)
		b.sees(path, http.StatusOK, "This is your own account.")
		b.submit(path+action, fields)
		b.sees(path+action, http.StatusBadRequest, "You are the last administrator.")
	}
}

func TestPagesShowTheTrail(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	ann := s.createUser(s.login().Access, annEmail, "user")
	s.tryLogin(annEmail, wrongPassword)
	s.tryLogin("nobody@example.com", wrongPassword)
	events := func(fields map[string]string) string {
		t.Helper()
		b.open("/admin/audit")
		b.submit("/admin/audit", fields)
		seen := []string{}
		for _, row := range b.all("th", "scope", "row") {
			seen = append(seen, strings.TrimSpace(row.FirstChild.Data))
		}
		return strings.Join(seen, ", ")
	}
	today := r.Clock.Now().UTC().Format("2006-01-02")
	tomorrow := r.Clock.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")
	for _, c := range []struct {
		fields map[string]string
		want   string
	}{
		{map[string]string{"email": annEmail}, "Sign-in, User created"},
		{map[string]string{"email": "nobody@example.com"}, "Sign-in"},
		{map[string]string{"email": annEmail, "action": "user.created"}, "User created"},
		{map[string]string{"email": annEmail, "from": today, "to": today}, "Sign-in, User created"},
		{map[string]string{"from": tomorrow}, ""},
		{map[string]string{"email": "stranger@example.com"}, ""},
	} {
		if got := events(c.fields); got != c.want {
			t.Errorf("%v shows %q, want %q", c.fields, got, c.want)
		}
		if c.want == "" && !strings.Contains(b.text(), "Nothing fits.") {
			t.Errorf("%v: the page is silent", c.fields)
		}
	}
	events(map[string]string{"email": annEmail})
	b.sees("/admin/audit", http.StatusOK, adminEmail, annEmail, "Succeeded", "The e-mail address or the password is wrong.")
	b.find("a", "href", "/admin/users/"+ann.ID)
	if strings.Contains(b.text(), "not confirmed yet") {
		t.Error("a proved address is doubted")
	}
	r.Exec("UPDATE users SET email_verified_at = NULL WHERE id = $1", ann.ID)
	events(map[string]string{"email": annEmail})
	b.sees("/admin/audit", http.StatusOK, annEmail, "not confirmed yet") // or ann may be anybody
	r.Exec("DELETE FROM users WHERE id = $1", ann.ID)
	events(map[string]string{"email": annEmail})
	b.sees("/admin/audit", http.StatusOK, "The e-mail address or the password is wrong.")
	for field, value := range map[string]string{"from": "yesterday", "to": "2026-02-31", "email": "ann"} {
		b.open("/admin/audit?" + url.Values{field: {value}}.Encode())
		b.sees("/admin/audit", http.StatusBadRequest)
		if got := attribute(b.find("input", "aria-invalid", "true"), "id"); got != field {
			t.Errorf("%s: the field %s is wrong", field, got)
		}
	}

	r.Exec(`INSERT INTO audit_events (id, at, action, outcome, address, user_agent, detail)
		SELECT gen_random_uuid(), now() - n * interval '1 minute', 'login', 'user_not_found', '192.0.2.1', '', n::text FROM generate_series(1, 120) n`)
	b.open("/admin/audit?action=login")
	for range 2 {
		b.open(attribute(b.link("Older"), "href"))
	}
	b.sees("/admin/audit", http.StatusOK, fmt.Sprint(120))
	for _, language := range []string{"de", "es", "fr"} {
		b.language = language
		b.open("/admin/audit")
		b.open("/admin/users")
		b.open("/admin/users/new")
		b.sees("/admin/users/new", http.StatusOK)
	}
}
