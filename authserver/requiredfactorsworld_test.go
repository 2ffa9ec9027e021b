// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// requires has a second factor required of everybody, at once, unless change says otherwise.
func (r *realm) requires(enforcement realmconfig.Enforcement, change ...func(*realmconfig.RequiredFactors)) {
	r.t.Helper()
	required := realmconfig.DefaultRequiredFactors()
	required.Who, required.Enforcement, required.GracePeriod = realmconfig.RequiredOfEverybody, enforcement, 0
	for _, c := range change {
		c(&required)
	}
	r.Config.TwoFactor.Required = &required
	r.Update()
}

func within(d time.Duration) func(*realmconfig.RequiredFactors) {
	return func(f *realmconfig.RequiredFactors) { f.GracePeriod = realmconfig.Duration(d) }
}

// newRequiringRealm is one in which Ann, whose address is proved, must have a second factor.
func newRequiringRealm(t *testing.T, enforcement realmconfig.Enforcement, change ...func(*realmconfig.RequiredFactors)) (*realm, *server) {
	t.Helper()
	r := newMailingRealm(t)
	r.requires(enforcement, change...)
	s := r.serve()
	s.registerAnn()
	s.verifyAnn()
	return r, s
}

// stopped is what a login answers for somebody who must set up a second factor first.
type stopped struct {
	Require    bool     `json:"require_2fa_setup"`
	ID         string   `json:"setup_id"`
	ExpiresIn  int      `json:"setup_expires_in"`
	Methods    []string `json:"setup_methods"`
	NeedsMail  bool     `json:"setup_needs_mail_code"`
	HasPasskey bool     `json:"setup_has_passkey"`
	Access     string   `json:"access_token"`
}

func (s *server) stopOf(a answer) stopped {
	s.t.Helper()
	st := decode[stopped](s.t, a, http.StatusOK)
	if !st.Require || !strings.HasPrefix(st.ID, "rku_") || st.Access != "" {
		s.t.Fatalf("is not stopped: %s", a.Body)
	}
	suite.secrets.used(st.ID)
	return st
}

func (s *server) stopAnn() stopped {
	s.t.Helper()
	return s.stopOf(s.tryLogin(annEmail, annPassword))
}

// setUp is a step on the way on.
func (s *server) setUp(step, id string, more ...map[string]string) answer {
	s.t.Helper()
	body := map[string]string{"setup_id": id}
	for _, m := range more {
		for name, value := range m {
			body[name] = value
		}
	}
	return s.post("/api/auth/2fa/setup/"+step, body)
}

// showMail shows the code that is mailed to an address.
func (s *server) showMail(st stopped, email string) stopped {
	s.t.Helper()
	if a := s.setUp("mail-code", st.ID); a.Status != http.StatusAccepted || strings.TrimSpace(a.Body) != `{"code_expires_in":600}` {
		s.t.Fatalf("asking for a code answered %d %s", a.Status, a.Body)
	}
	digits := s.realm.lastLetter(email, auth.SetUpCodeMessage).digits(s.t)
	next := s.stopOf(s.setUp("mail-code/verify", st.ID, code(digits)))
	if next.NeedsMail || next.ID == st.ID {
		s.t.Errorf("after the code, the stop is %+v", next)
	}
	return next
}

// setUpApp sets an app up, and signs in by that.
func (s *server) setUpApp(st stopped) (enrolment, tokens) {
	s.t.Helper()
	e := decode[enrolment](s.t, s.setUp("totp", st.ID), http.StatusOK)
	suite.secrets.used(e.Secret, e.URL, e.QRCode)
	suite.secrets.used(e.BackupCodes...)
	in := s.tokensOf(s.setUp("totp/verify", st.ID, code(s.shown(e.Secret))))
	s.nextStep()
	return e, in
}

// takesUp waits until the settings on the disk are in force.
func (s *server) takesUp() { s.t.Helper(); s.Change(func(*realmconfig.Config) {}) }

// recount lets the time pass after which people are counted anew.
func (s *server) recount() { s.realm.Clock.Advance(4 * time.Minute) }

type notice struct {
	Kind   string
	ToldAt time.Time `json:"told_at"`
	DueAt  time.Time `json:"due_at"`
}

// noticesIn is what the answer to a login tells of requirements, which must let in.
func (s *server) noticesIn(a answer) []notice {
	s.t.Helper()
	s.tokensOf(a)
	return decode[struct{ Requirements []notice }](s.t, a, http.StatusOK).Requirements
}

// requiredPage is what admins are told of.
type requiredPage struct {
	Count *struct {
		Covered, Without, Stopped int
		Held                      bool
		ByGroup                   []struct {
			Group   string
			Without int
		} `json:"by_group"`
	}
	People []struct {
		Email, State string
		ToldAt       *time.Time `json:"told_at"`
		StoppedAt    *time.Time `json:"stopped_at"`
	}
	Next *string `json:"next_cursor"`
}

func (s *server) requiredPeople(admin, query string) requiredPage {
	s.t.Helper()
	return decode[requiredPage](s.t, s.as(admin, http.MethodGet, "/api/admin/required-factors"+query, nil), http.StatusOK)
}

func (p requiredPage) list() string {
	list := []string{}
	for _, one := range p.People {
		list = append(list, strings.TrimSuffix(one.Email, "@example.com")+" "+one.State)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
