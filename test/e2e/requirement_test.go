// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Second factors are required of fifty people and the first admin: counted, announced, and
// enforced. As many as the realm allows are stopped at a time, each finds a way on, and nobody
// else notices.
func TestSecondFactorsAreRequiredAndNobodyIsTrapped(t *testing.T) {
	staff := newStaff(t)
	admin := staff.client(t, true)
	staff.loginAsAdmin(t, admin)
	people := staff.importPeople(t, 50)
	for i, p := range people {
		if i < 30 {
			staff.join(t, admin, p, "staff")
		}
		if i >= 20 && i < 35 {
			staff.join(t, admin, p, "ops")
		}
	}
	withFactor, others := people[:5], people[5:]
	for _, p := range withFactor {
		p.enrol(t)
	}

	t.Run("observed, it is counted and stops nobody", func(t *testing.T) {
		written := time.Now()
		staff.require(t, `{"who":"Everybody"}`)
		staff.awaitRequirement(t, patient, "Observing", "46 of 51 people are without a second factor (25 in staff, 15 in ops), and Enforce would stop them")
		t.Logf("status counts fifty-one people %.0f s after the requirement was written", time.Since(written).Seconds())
		count := staff.counted(t)
		if count.Covered != 51 || count.Without != 46 || count.Blocked != 0 || fmt.Sprint(count.ByGroup) != "[{staff 25} {ops 15}]" {
			t.Errorf("status.requirements says %+v", count)
		}
		others[0].wantTokens(t, nil)
	})

	t.Run("warned, people are told the date", func(t *testing.T) {
		staff.require(t, `{"enforcement":"Warn","gracePeriod":"336h"}`)
		due := time.Now().Add(336 * time.Hour)
		others[0].wantTokens(t, &due)
		withFactor[0].wantChallenge(t)
		staff.awaitRequirement(t, hurried, "Warning", "are told at sign-in")
	})

	stopped, free := others[:3], others[3:]
	t.Run("enforced, no more people are stopped than the realm allows", func(t *testing.T) {
		staff.require(t, `{"enforcement":"Enforce","gracePeriod":"0s","maxBlocked":3}`)
		for _, p := range stopped {
			p.wantStopped(t)
		}
		for _, p := range free[:5] {
			p.wantTokens(t, &time.Time{})
		}
		withFactor[1].enter(t)
		staff.awaitRequirement(t, hurried, "TooManyBlocked", "3 have been stopped at sign-in and have not met it yet, as many as maxBlocked allows, and nobody further is stopped")
		if count := staff.counted(t); count.Blocked != 3 || !count.Held {
			t.Errorf("status.requirements says %+v", count)
		}
		staff.awaitEvent(t, "RequirementHeld", "nobody further is stopped")
		staff.waitReady(t)
		stopped[0].wantStopped(t) // whoever was reached stays so
	})

	t.Run("whoever is stopped sets a second factor up and is in", func(t *testing.T) {
		stopped[0].setUp(t, staff.smtp)
		free[0].wantStopped(t) // there is room for one more
		for _, p := range slices.Concat(stopped[1:], free[:1]) {
			p.setUp(t, staff.smtp)
		}
		stopped[0].enter(t)
		staff.awaitRequirement(t, hurried, "Enforcing", "0 have been and have not met it yet, of 3 at most")
		staff.awaitEvent(t, "RequirementGoesOn", "twoFactor.required (Enforce)")
	})

	t.Run("everybody else sets one up, too", func(t *testing.T) {
		staff.require(t, `{"maxBlocked":100}`)
		for _, p := range free[1:] {
			t.Run(p.email, func(t *testing.T) {
				t.Parallel()
				p.setUp(t, staff.smtp)
			})
		}
	})

	t.Run("the initial admin needs no mail for it", func(t *testing.T) {
		staff.smtp.Stop()
		of := func(key string) string { return secret(t, staff.namespace, staff.name+"-initial-admin", key) }
		first := &person{staff: staff, email: of("email"), password: of("password")}
		first.setUp(t, nil)
	})
	staff.awaitRequirement(t, hurried, "Enforcing", "twoFactor.required (Enforce)")
	eventually(t, patience, func() string {
		if count := staff.counted(t); count.Blocked > 0 {
			staff.lookAgain(t)
			return fmt.Sprintf("status.requirements says %+v", count)
		}
		return ""
	})
}

// staff is a realm of its own that mails by a server of the test.
type staff struct {
	realm
	smtp *testenv.SMTP
}

func newStaff(t *testing.T) staff {
	t.Helper()
	node := kubectl(t, "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
	s := staff{realm{namespace: "e2e-required", name: "staff"}, testenv.StartSMTPAt(t, node)}
	username, password := s.smtp.Credentials()
	apply(t, s.manifest(fmt.Sprintf(`  replicas: 2
  passwords: {bcryptCost: 10}
  network: {requestsPerMinute: 0}
  database: {managed: {deletionPolicy: Delete}}
  email:
    from: Staff <login@example.com>
    smtp: {host: %q, port: %d, allowPrivateNetworks: true, credentialsSecretRef: {name: smtp}, caSecretRef: {name: smtp}}
---
apiVersion: v1
kind: Secret
metadata: {name: smtp, namespace: %s}
stringData: {username: %q, password: %q, ca.crt: %q}
`, s.smtp.Host(), s.smtp.Port(), s.namespace, username, password, s.smtp.CA())))
	t.Cleanup(func() { kubectlInCleanup(t, "delete", "namespace", s.namespace, "--wait=false") })
	s.waitReady(t)
	return s
}

// require changes twoFactor.required, and waits until every pod runs it.
func (s staff) require(t *testing.T, required string) {
	t.Helper()
	s.change(t, `{"spec":{"twoFactor":{"required":`+required+`}}}`)
}

// haste says whether the operator is asked to look at the realm, which it does within two
// minutes by itself.
type haste bool

const patient, hurried haste = false, true

// lookAgain has the operator look at the realm: it hears of annotations.
func (s staff) lookAgain(t *testing.T) {
	t.Helper()
	kubectl(t, "annotate", "-n", s.namespace, s.object(), "--overwrite", "e2e/look="+time.Now().Format("150405.000"))
}

// awaitRequirement waits until RequirementsInForce has a reason and says something.
func (s staff) awaitRequirement(t *testing.T, how haste, reason, says string) {
	t.Helper()
	lastLook := time.Now()
	eventually(t, patience, func() string {
		if how == hurried && time.Since(lastLook) > 3*time.Second {
			s.lookAgain(t)
			lastLook = time.Now()
		}
		is := field(t, s.namespace, s.object(), `.status.conditions[?(@.type=="RequirementsInForce")]['reason','message']`)
		if !strings.HasPrefix(is, reason+" ") || !strings.Contains(is, says) {
			return "RequirementsInForce is " + is
		}
		return ""
	})
}

// awaitEvent waits until the realm's events say something, once for all.
func (s staff) awaitEvent(t *testing.T, reason, says string) {
	t.Helper()
	eventually(t, patience, func() string {
		told := kubectl(t, "get", "events", "-n", s.namespace, "--field-selector", "reason="+reason, "-o", `jsonpath={range .items[*]}{.message}{"\n"}{end}`)
		if strings.Count(told, "\n") > 0 || !strings.Contains(told, says) {
			return fmt.Sprintf("events %s are %q", reason, told)
		}
		return ""
	})
}

// requirementCount is what status tells of a requirement.
type requirementCount struct {
	Covered, Without, Blocked int
	Held                      bool
	ByGroup                   []struct {
		Group   string
		Without int
	}
}

func (s staff) counted(t *testing.T) requirementCount {
	t.Helper()
	var count requirementCount
	told := field(t, s.namespace, s.object(), `.status.requirements[?(@.name=="factors")]`)
	if err := json.Unmarshal([]byte(told), &count); err != nil {
		t.Fatalf("status.requirements has no factors: %v in %q", err, told)
	}
	return count
}

// importPeople brings people along from another system, who have proved their addresses there.
func (s staff) importPeople(t *testing.T, n int) []*person {
	t.Helper()
	const password = "fifty owls in the barn at noon"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost+6)
	if err != nil {
		t.Fatal(err)
	}
	var people []*person
	var lines strings.Builder
	for i := range n {
		p := &person{staff: s, email: fmt.Sprintf("person-%02d@example.com", i), password: password}
		people = append(people, p)
		if err := json.NewEncoder(&lines).Encode(map[string]any{"email": p.email, "password_hash": string(hash), "email_verified": true}); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := tryKubectl(t.Context(), lines.String(), "exec", "-i", "-n", s.namespace, "deploy/"+s.name, "--", "/authserver", "import"); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	return people
}

func (s staff) join(t *testing.T, admin *realmtest.App, p *person, group string) {
	t.Helper()
	if err := admin.Join(t.Context(), p.email, group); err != nil {
		t.Fatal(err)
	}
}

// person is somebody of the realm, with the key of their authenticator app once they have one.
type person struct {
	staff           staff
	email, password string
	appKey          string
}

// answered is what a login is answered with: tokens and what there is to tell, or what it waits
// for.
type answered struct {
	realmtest.Tokens
	realmtest.Challenge
	Stopped       bool     `json:"require_2fa_setup"`
	SetUpID       string   `json:"setup_id"`
	SetUpMethods  []string `json:"setup_methods"`
	NeedsMailCode bool     `json:"setup_needs_mail_code"`
	Requirements  []struct {
		Kind  string
		DueAt time.Time `json:"due_at"`
	}
}

func (p *person) app(t *testing.T) *realmtest.App {
	t.Helper()
	return p.staff.client(t, true)
}

func (p *person) signIn(t *testing.T, app *realmtest.App) answered {
	t.Helper()
	var a answered
	if err := app.Call(t.Context(), http.MethodPost, "/api/auth/login", map[string]string{"email": p.email, "password": p.password}, &a); err != nil {
		t.Fatalf("%s logs in: %v", p.email, err)
	}
	return a
}

// wantTokens wants a login to give tokens, and to tell of a date by which a second factor must be
// there: none when due is nil, any when it is zero.
func (p *person) wantTokens(t *testing.T, due *time.Time) {
	t.Helper()
	a := p.signIn(t, p.app(t))
	switch {
	case a.Access == "":
		t.Errorf("%s gets no tokens: %+v", p.email, a)
	case due == nil && len(a.Requirements) > 0:
		t.Errorf("%s is told of %+v", p.email, a.Requirements)
	case due != nil && (len(a.Requirements) != 1 || a.Requirements[0].Kind != "factors"):
		t.Errorf("%s is told of %+v", p.email, a.Requirements)
	case due != nil && !due.IsZero() && a.Requirements[0].DueAt.Sub(*due).Abs() > 10*time.Minute:
		t.Errorf("%s is told of %s, want about %s", p.email, a.Requirements[0].DueAt, due)
	}
}

func (p *person) wantStopped(t *testing.T) {
	t.Helper()
	if a := p.signIn(t, p.app(t)); !a.Stopped || a.Access != "" || !slices.Contains(a.SetUpMethods, "totp") {
		t.Errorf("%s is not stopped: %+v", p.email, a)
	}
}

func (p *person) wantChallenge(t *testing.T) {
	t.Helper()
	if a := p.signIn(t, p.app(t)); !a.Require || a.Stopped {
		t.Errorf("%s is asked for no second factor: %+v", p.email, a)
	}
}

// enter signs in with the second factor. Its code is of the app's next half minute, which nobody
// has shown yet.
func (p *person) enter(t *testing.T) {
	t.Helper()
	app := p.app(t)
	a := p.signIn(t, app)
	if !a.Require {
		t.Fatalf("%s is asked for no second factor: %+v", p.email, a)
	}
	if err := app.Validate(t.Context(), &a.Challenge, testenv.AppCode(t, p.appKey, time.Now().Add(30*time.Second))); err != nil {
		t.Errorf("%s shows a second factor: %v", p.email, err)
	}
}

// enrol sets an authenticator app up before anybody asks for it.
func (p *person) enrol(t *testing.T) {
	t.Helper()
	app := p.app(t)
	app.Tokens = p.signIn(t, app).Tokens
	enrolment, err := app.EnrolAuthenticator(t.Context())
	if err == nil {
		p.appKey = enrolment.Secret
		err = app.ConfirmAuthenticator(t.Context(), testenv.AppCode(t, p.appKey, time.Now()))
	}
	if err != nil {
		t.Fatalf("%s sets an app up: %v", p.email, err)
	}
}

// sixDigits is a code in a mail, on a line of its own.
var sixDigits = regexp.MustCompile(`(?m)^ +(\d{6})$`)

// mailedCode reads it among the mails that tell somebody of sign-ins.
func (p *person) mailedCode(t *testing.T, mails *testenv.SMTP) (code string) {
	t.Helper()
	eventually(t, patience, func() string {
		all := mails.MailsTo(p.email)
		for _, m := range all {
			if found := sixDigits.FindStringSubmatch(m.Text); found != nil {
				code = found[1]
				return ""
			}
		}
		return fmt.Sprintf("no code among %d mails to %s", len(all), p.email)
	})
	return code
}

// setUp is what whoever is stopped does: a code by mail, where there is mail for them, an
// authenticator app, and they are in.
func (p *person) setUp(t *testing.T, mails *testenv.SMTP) {
	t.Helper()
	app := p.app(t)
	a := p.signIn(t, app)
	if !a.Stopped || a.NeedsMailCode != (mails != nil) {
		t.Fatalf("%s is answered %+v", p.email, a)
	}
	step := func(path string, more map[string]string, out any) error {
		body := map[string]string{"setup_id": a.SetUpID}
		for name, value := range more {
			body[name] = value
		}
		if err := app.Call(t.Context(), http.MethodPost, "/api/auth/2fa/setup/"+path, body, out); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if mails != nil {
		if err := step("mail-code", nil, nil); err != nil {
			t.Fatalf("%s: %v", p.email, err)
		}
		if err := step("mail-code/verify", map[string]string{"code": p.mailedCode(t, mails)}, &a); err != nil {
			t.Fatalf("%s: %v", p.email, err)
		}
	}
	var enrolment realmtest.Enrolment
	err := step("totp", nil, &enrolment)
	if err == nil {
		p.appKey = enrolment.Secret
		err = step("totp/verify", map[string]string{"code": testenv.AppCode(t, p.appKey, time.Now())}, &app.Tokens)
	}
	if err != nil {
		t.Fatalf("%s: %v", p.email, err)
	}
	if profile, err := app.Profile(t.Context()); err != nil || profile.Email != p.email {
		t.Errorf("%s is in as %+v, %v", p.email, profile, err)
	}
}
