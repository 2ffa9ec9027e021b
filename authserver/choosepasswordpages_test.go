// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestPagesAskForABetterPassword(t *testing.T) {
	t.Parallel()
	_, s := newStrictRealm(t, atOnce(20))
	b := s.newPageBrowser()
	b.open("/signin")
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	b.sees("/signin", http.StatusOK, "Choose a new password", "Send me a link by e-mail instead")
	suite.secrets.used(attribute(b.find("input", "name", "session_id"), "value"))
	b.submit("/signin/password", map[string]string{"password": annPassword})
	b.sees("/signin/password", http.StatusBadRequest, "It is shorter than 26 characters.")
	b.submit("/signin/password", map[string]string{"password": newPassword})
	b.sees("/account", http.StatusOK, annEmail)
	for _, c := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(c.Value)
	}
	s.loginAnn(newPassword)
}

func TestPagesSaySoWhenTheChoiceCameTooLate(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, atOnce(20))
	b := s.newPageBrowser()
	b.open("/signin")
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	suite.secrets.used(attribute(b.find("input", "name", "session_id"), "value"))
	r.Clock.Advance(newPasswordLifetime)
	b.submit("/signin/password", map[string]string{"password": newPassword})
	b.sees("/signin/password", http.StatusBadRequest, "Sign in")
	b.form("/signin") // where they can sign in again
}

// The sign-in goes on to where it was to lead.
func TestChoosingAPasswordLeadsOn(t *testing.T) {
	t.Parallel()
	r := newRealmOfClients(t, newWebClient(television, publicClient))
	suite.secrets.used(annEmail, annPassword, newPassword)
	existing := atOnce(20)
	r.Config.Passwords.MinLength, r.Config.Passwords.Existing = strictLength, &existing
	r.Update()
	s := r.serve()
	r.settle(annEmail)
	b := s.newPageBrowser()
	b.open(devicePath)
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	suite.secrets.used(attribute(b.find("input", "name", "session_id"), "value"))
	b.submit("/signin/password", map[string]string{"password": newPassword})
	b.sees(devicePath, http.StatusOK)
	for _, c := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(c.Value)
	}
}

func TestPagesTellOfAPasswordThatIsNotTakenForLong(t *testing.T) {
	t.Parallel()
	existing := realmconfig.ExistingPasswords{Enforcement: realmconfig.Warn, GracePeriod: realmconfig.Duration(48 * time.Hour), MaxBlocked: 20}
	r, s := newStrictRealm(t, existing)
	b := s.newPageBrowser()
	b.signIn(annEmail, annPassword)
	b.sees("/signin", http.StatusOK, "A better password will be required", "Required from")
	r.Clock.Advance(48 * time.Hour)
	later := s.newPageBrowser()
	later.signIn(annEmail, annPassword)
	later.sees("/signin", http.StatusOK, "your time to choose one is over")
	later.click("Not now")
	later.sees("/account", http.StatusOK, annEmail)
	for _, used := range []*pageBrowser{b, later} {
		for _, c := range used.client.Jar.Cookies(used.at) {
			suite.secrets.used(c.Value)
		}
	}
	answer := decode[struct {
		Requirements []struct {
			Kind  string
			DueAt time.Time `json:"due_at"`
		}
	}](t, s.tryLogin(annEmail, annPassword), http.StatusOK).Requirements
	if len(answer) != 1 || answer[0].Kind != "passwords" || answer[0].DueAt.After(r.Clock.Now()) {
		t.Errorf("the API tells %+v", answer)
	}
}

func TestAdminsSeeWhosePasswordIsOfOld(t *testing.T) {
	t.Parallel()
	_, s := newStrictRealm(t, atOnce(1), "bob@example.com")
	s.stopped(annEmail)
	s.tokensOf(s.tryLogin("bob@example.com", annPassword))
	access := s.login().Access
	list := func(query string) (emails []string) {
		t.Helper()
		for _, p := range decode[struct {
			People []struct{ Email, State string }
		}](t, s.as(access, http.MethodGet, "/api/admin/required-passwords"+query, nil), http.StatusOK).People {
			emails = append(emails, p.Email+" "+p.State)
		}
		slices.Sort(emails)
		return emails
	}
	if all := list(""); !slices.Equal(all, []string{annEmail + " stopped", "bob@example.com told"}) {
		t.Errorf("the list has %q", all)
	}
	if some := list("?state=told&limit=1"); !slices.Equal(some, []string{"bob@example.com told"}) {
		t.Errorf("of those who were told, the list has %q", some)
	}
	s.as(s.tokensOf(s.tryLogin("bob@example.com", annPassword)).Access, http.MethodGet, "/api/admin/required-passwords", nil).
		Expect(t, http.StatusForbidden, "permission_denied")
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/users")
	b.click("Passwords of old")
	b.sees("/admin/required-passwords", http.StatusOK, "Enforced:", annEmail, "Stopped", "bob@example.com", "Told")
	for _, c := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(c.Value)
	}
}
