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
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestObserveChangesNothingForPeople(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Observe)
	if a := s.tryLogin(annEmail, annPassword); len(s.noticesIn(a)) != 0 || strings.Contains(a.Body, "requirements") {
		t.Errorf("the login answers %s", a.Body)
	}
	if rows := query[int](r, "SELECT count(*) FROM requirements"); rows != 0 {
		t.Errorf("%d people are noted", rows)
	}
	s.recount()
	s.eventually("both are counted", func() bool {
		got := s.Report().Requirements[realmconfig.FactorsRequirement]
		return got.Covered == 2 && got.Without == 2 && got.Blocked == 0 && !got.Held
	})
	s.eventually("the gauges say so", func() bool {
		return s.Metric(`realmkeeper_requirement_without{requirement="factors"}`) == "2"
	})
	r.Config.TwoFactor.Required = nil
	r.Update()
	s.takesUp()
	s.eventually("nothing is said of what is not required", func() bool { return s.Report().Requirements == nil || len(s.Report().Requirements) == 0 })
}

func TestWarnTellsPeopleByWhen(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Warn, within(72*time.Hour))
	first := s.noticesIn(s.tryLogin(annEmail, annPassword))
	if len(first) != 1 || first[0].Kind != "factors" || first[0].DueAt.Sub(first[0].ToldAt) != 72*time.Hour {
		t.Fatalf("is told %+v", first)
	}
	r.Clock.Advance(time.Hour)
	if again := s.noticesIn(s.tryLogin(annEmail, annPassword)); !slices.Equal(again, first) {
		t.Errorf("is told %+v, then %+v", first, again)
	}
	r.requires(realmconfig.Warn, within(24*time.Hour))
	s.takesUp()
	if sooner := s.noticesIn(s.tryLogin(annEmail, annPassword)); sooner[0].ToldAt != first[0].ToldAt || sooner[0].DueAt.Sub(first[0].ToldAt) != 24*time.Hour {
		t.Errorf("with a shorter grace period, is told %+v", sooner)
	}
	r.Clock.Advance(1000 * time.Hour) // a warning is all that it is
	in := s.tokensOf(s.tryLogin(annEmail, annPassword))
	if told := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'requirement.told' AND detail = 'factors'"); told != 1 {
		t.Errorf("%d events tell of it", told)
	}
	s.enrol(in.Access)
	if met := query[bool](r, "SELECT met_at IS NOT NULL FROM requirements"); !met {
		t.Error("nobody knows that Ann has a second factor")
	}
	s.challengedAnn()
}

func TestEnforceStopsPeopleOnceTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce, within(24*time.Hour))
	a := s.tryLogin(annEmail, annPassword)
	before := s.tokensOf(a)
	if told := s.noticesIn(a); len(told) != 1 || told[0].DueAt.Sub(told[0].ToldAt) != 24*time.Hour {
		t.Fatalf("is told %+v", told)
	}
	r.Clock.Advance(23 * time.Hour)
	before = s.refresh(before.Refresh)
	s.loginAnn(annPassword)
	r.Clock.Advance(2 * time.Hour)
	st := s.stopAnn()
	if st.ExpiresIn != 1800 || !slices.Equal(st.Methods, []string{"totp"}) || !st.NeedsMail || st.HasPasskey {
		t.Errorf("the stop is %+v", st)
	}
	s.refresh(before.Refresh) // who is in already goes on

	proven := s.showMail(st, annEmail)
	e, in := s.setUpApp(proven)
	if len(e.BackupCodes) != 10 || scanned(t, e.QRCode) != e.URL {
		t.Error("what is set up is not shown as on the account page")
	}
	if p := s.profileOf(in.Access); p.Email != annEmail {
		t.Errorf("%s is signed in", p.Email)
	}
	if amr := query[string](r, "SELECT amr FROM sessions ORDER BY created_at DESC LIMIT 1"); amr != "pwd otp mfa" {
		t.Errorf("the session is by %s", amr)
	}
	r.lastLetter(annEmail, auth.SecondFactorAddedMessage)
	s.validate(s.challengedAnn(), s.shown(e.Secret))

	trail := query[string](r, `SELECT string_agg(action || ' ' || outcome || ' ' || detail, E'\n' ORDER BY at, id) FROM audit_events`)
	for _, line := range []string{
		"requirement.told succeeded factors", "requirement.reached succeeded factors", "login.stopped succeeded password",
		"login.set_up_code_requested succeeded", "proof.given succeeded mailed code", "second_factor.added succeeded totp",
		"requirement.met succeeded factors", "login succeeded password, totp",
	} {
		if !strings.Contains(trail, line) {
			t.Errorf("the trail has no %q:\n%s", line, trail)
		}
	}
	for sample, want := range map[string]string{`realmkeeper_logins_total{outcome="stopped"}`: "1"} {
		if got := s.Metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
}

// Whichever way somebody signs in by one factor, they are stopped.
func TestEveryWayInByOneFactorIsStopped(t *testing.T) {
	t.Parallel()
	t.Run("a mailed code", func(t *testing.T) {
		t.Parallel()
		r, s := newRequiringRealm(t, realmconfig.Enforce)
		r.mailsCodes()
		s.takesUp()
		m := s.askForCode(annEmail)
		a := s.tryCode(m, r.digits(annEmail))
		st := s.stopOf(a)
		if st.NeedsMail {
			t.Error("whoever has just shown a mailed code is asked for another")
		}
		s.tryCode(m, r.digits(annEmail)).Expect(t, http.StatusUnauthorized, "code_invalid") // the stop has used it up
		s.setUpApp(st)
	})
	t.Run("a provider", func(t *testing.T) {
		t.Parallel()
		ann := testenv.Person{ID: "ann-at-dex", Email: annEmail, Name: "Ann", Password: "the password of ann at dex"}
		dex := testenv.StartDex(t, callbackURL, ann)
		suite.secrets.used(ann.Password)
		r := newMailingRealm(t)
		r.requires(realmconfig.Enforce)
		r.withProviders(dex.ClientSecret, realmconfig.Provider{
			Name: "dex", DisplayName: "Dex", Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
			SignUp: true, AllowPrivateNetworks: true,
		})
		s := r.serve()
		b := s.newBrowser()
		where, page := b.signIn("dex", nil)
		_, answered := b.submit(where, page, map[string][]string{"login": {ann.Email}, "password": {ann.Password}})
		st := s.stopOf(answered)
		if !st.NeedsMail {
			t.Error("a provider's word is enough to set something up")
		}
		s.setUpApp(s.showMail(st, annEmail))
	})
	t.Run("but a passkey is not", func(t *testing.T) {
		t.Parallel()
		r, s := newPasskeyRealm(t)
		d := newDevice(t)
		s.setUpPasskey(s.loginAnn(annPassword).Access, d)
		r.requires(realmconfig.Enforce)
		s.takesUp()
		c := s.askPasskey()
		s.tokensOf(s.showPasskey(c, d.get(c)))
		st := s.stopAnn() // of whom a password alone is not enough
		if !st.HasPasskey || st.NeedsMail || st.Methods == nil || len(st.Methods) > 0 {
			t.Errorf("the stop is %+v", st)
		}
		asked := s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": st.ID})
		s.tokensOf(s.answerByPasskey(challenge{SessionID: st.ID}, asked, d.get(asked)))
		if amr := query[string](r, "SELECT amr FROM sessions ORDER BY created_at DESC LIMIT 1"); amr != "pwd pop mfa" {
			t.Errorf("the session is by %s", amr)
		}
		if met := query[bool](r, "SELECT met_at IS NOT NULL FROM requirements"); !met {
			t.Error("nobody knows that Ann can go on")
		}
		s.setUp("totp", st.ID).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	})
}

func TestATelephoneIsSetUpAtSignIn(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	phones := r.sendsTexts()
	s.takesUp()
	st := s.stopAnn()
	if !slices.Equal(st.Methods, []string{"totp", "sms"}) {
		t.Errorf("the stop is %+v", st)
	}
	st = s.showMail(st, annEmail)
	s.setUp("sms", st.ID, telephone("030 901820")).Expect(t, http.StatusBadRequest, "invalid_request")
	added := decode[enrolment](t, s.setUp("sms", st.ID, telephone(aliceNumber)), http.StatusOK)
	if suite.secrets.used(added.BackupCodes...); len(added.BackupCodes) != 10 {
		t.Errorf("%d backup codes", len(added.BackupCodes))
	}
	sent := phones.last(1)
	wrong := s.setUp("sms/verify", st.ID, code(other(sent)))
	wrong.Expect(t, http.StatusBadRequest, "enrolment_code_invalid")
	s.tokensOf(s.setUp("sms/verify", st.ID, code(sent)))
	if amr := query[string](r, "SELECT amr FROM sessions ORDER BY created_at DESC LIMIT 1"); amr != "pwd sms mfa" {
		t.Errorf("the session is by %s", amr)
	}
}

func TestAPasskeyIsSetUpAtSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags byte
		codes int
	}{
		"that signs in by itself": {0, 0},
		"that is a second factor": {userPresent, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newRequiringRealm(t, realmconfig.Enforce)
			r.Config.Passkeys = &realmconfig.Passkeys{}
			r.Update()
			s.takesUp()
			d := newDevice(t)
			if c.flags != 0 {
				d.flags = c.flags
			}
			st := s.stopAnn()
			s.setUp("passkey/begin", st.ID).Expect(t, http.StatusForbidden, "proof_required")
			st = s.showMail(st, annEmail)
			asked := s.askCeremony("", "/api/auth/2fa/setup/passkey/begin", map[string]string{"setup_id": st.ID})
			answered := d.create(asked)
			body := map[string]string{"ceremony": asked.Ceremony, "credential": answered, "name": "Key"}
			a := s.setUp("passkey", st.ID, body)
			s.tokensOf(a)
			if codes := decode[passkeyBody](t, a, http.StatusOK).BackupCodes; len(codes) != c.codes {
				t.Errorf("%d backup codes, not %d", len(codes), c.codes)
			} else {
				suite.secrets.used(codes...)
			}
			if amr := query[string](r, "SELECT amr FROM sessions ORDER BY created_at DESC LIMIT 1"); amr != "pwd pop mfa" {
				t.Errorf("the session is by %s", amr)
			}
			s.setUp("passkey", st.ID, body).Expect(t, http.StatusUnauthorized, "challenge_invalid")
		})
	}
}

func TestWhoMustHaveASecondFactor(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	carol, dan := s.createUser(admin, "carol@example.com", "user"), s.createUser(admin, "dan@example.com", "user")
	g := s.createGroup(admin, "staff")
	s.addMember(admin, g.ID, dan.ID)
	lets := func(email, password string) bool {
		t.Helper()
		a := s.tryLogin(email, password)
		return !decode[stopped](t, a, http.StatusOK).Require
	}
	for name, c := range map[string]struct {
		who               realmconfig.RequiredOf
		groups            []string
		admin, carol, dan bool
	}{
		"none":      {realmconfig.RequiredOfNone, nil, true, true, true},
		"admins":    {realmconfig.RequiredOfAdmins, nil, false, true, true},
		"groups":    {realmconfig.RequiredOfGroups, []string{"other", "staff"}, true, true, false},
		"everybody": {realmconfig.RequiredOfEverybody, nil, false, false, false},
	} {
		r.requires(realmconfig.Enforce, func(f *realmconfig.RequiredFactors) { f.Who, f.Groups = c.who, c.groups })
		s.takesUp()
		if got := lets(adminEmail, adminPassword); got != c.admin {
			t.Errorf("with %s, the admin is let in: %t", name, got)
		}
		if got := lets(carol.Email, strangerPassword); got != c.carol {
			t.Errorf("with %s, Carol is let in: %t", name, got)
		}
		if got := lets(dan.Email, strangerPassword); got != c.dan {
			t.Errorf("with %s, Dan is let in: %t", name, got)
		}
	}
	r.requires(realmconfig.Enforce, func(f *realmconfig.RequiredFactors) {
		f.Who, f.Groups = realmconfig.RequiredOfGroups, []string{"staff"}
	})
	s.as(admin, http.MethodDelete, "/api/admin/groups/"+g.ID+"/members/"+dan.ID, nil)
	if !lets(dan.Email, strangerPassword) {
		t.Error("Dan is stopped, who is in the group no more")
	}
}

// The initial admin has an address whose mail nobody may read, and must get in all the same.
func TestTheInitialAdminIsNotTrapped(t *testing.T) {
	t.Parallel()
	for name, mails := range map[string]bool{"in a realm that mails": true, "in one that does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			if mails {
				r.sendsMail()
			}
			r.requires(realmconfig.Enforce)
			s := r.serve()
			st := s.stopOf(s.tryLogin(adminEmail, adminPassword))
			if st.NeedsMail {
				t.Fatal("the initial admin has to read mail")
			}
			s.setUp("mail-code", st.ID).Expect(t, http.StatusBadRequest, "invalid_request")
			_, in := s.setUpApp(st)
			carol := s.createUser(in.Access, "carol@example.com", "admin")
			if got := s.stopOf(s.tryLogin(carol.Email, strangerPassword)).NeedsMail; got != mails {
				t.Errorf("another admin has to show a mailed code: %t", got)
			}
			if mails {
				r.lastLetter(adminEmail, auth.SecondFactorAddedMessage)
			}
		})
	}
}

func TestAdminsSeeWhomARequirementConcerns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	s.enrol(admin)
	for _, name := range []string{"carol", "dan", "eve", "frank"} {
		s.createUser(admin, name+"@example.com", "user")
	}
	if got := s.requiredPeople(admin, ""); len(got.People) != 0 || got.Count != nil {
		t.Errorf("where nothing is required, there are %+v", got)
	}
	r.Exec("INSERT INTO groups (id, name, created_at) VALUES (gen_random_uuid(), 'staff', now())")
	r.Exec("INSERT INTO group_members (user_id, group_id, added_at) SELECT u.id, g.id, now() FROM users u, groups g WHERE u.email IN ('carol@example.com', 'dan@example.com')")
	r.requires(realmconfig.Warn, within(time.Hour))
	s.takesUp()
	s.tokensOf(s.tryLogin("dan@example.com", strangerPassword))
	s.tokensOf(s.tryLogin("eve@example.com", strangerPassword))
	r.requires(realmconfig.Enforce)
	s.takesUp()
	s.stopOf(s.tryLogin("eve@example.com", strangerPassword))
	r.Exec("UPDATE users SET disabled_at = now() WHERE email = 'frank@example.com'")
	for query, want := range map[string]string{
		"":                           "admin met, carol without, dan told, eve stopped",
		"?state=without":             "carol without",
		"?state=told":                "dan told",
		"?state=stopped":             "eve stopped",
		"?state=met":                 "admin met",
		"?group=staff":               "carol without, dan told",
		"?group=staff&state=told":    "dan told",
		"?group=staff&state=stopped": "",
		"?group=nobody":              "",
	} {
		if got := s.requiredPeople(admin, query).list(); got != strings.ReplaceAll(want, "admin ", strings.TrimSuffix(adminEmail, "@example.com")+" ") {
			t.Errorf("%q lists %s, not %s", query, got, want)
		}
	}
	seen := []string{}
	for cursor, pages := "", 0; pages < 10; pages++ {
		page := s.requiredPeople(admin, "?limit=1"+cursor)
		for _, p := range page.People {
			seen = append(seen, p.Email)
		}
		if page.Next == nil {
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	if len(seen) != 4 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 4 {
		t.Errorf("page by page there are %v", seen)
	}
	s.recount()
	s.eventually("they are counted, by group too", func() bool {
		c := s.requiredPeople(admin, "").Count
		return c != nil && c.Covered == 4 && c.Without == 3 && c.Stopped == 1 && !c.Held && len(c.ByGroup) == 1 && c.ByGroup[0].Group == "staff" && c.ByGroup[0].Without == 2
	})
	carol := s.tokensOf(func() answer {
		r.requires(realmconfig.Observe)
		s.takesUp()
		return s.tryLogin("carol@example.com", strangerPassword)
	}())
	s.as(carol.Access, http.MethodGet, "/api/admin/required-factors", nil).Expect(t, http.StatusForbidden, "permission_denied")
	s.as(admin, http.MethodGet, "/api/admin/required-factors?state=lost", nil).Expect(t, http.StatusBadRequest, "invalid_request")
}
