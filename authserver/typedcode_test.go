// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
)

// pasted are what six digits may be pasted as.
func pasted(digits string) []string {
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, digits)
	arabic := strings.Map(func(r rune) rune { return r - '0' + '٠' }, digits)
	half := len(digits) / 2
	return []string{
		digits + "\n", "\ufeff" + digits + "\r\n", digits[:half] + "\u00a0" + digits[half:], digits[:half] + "\u2013" + digits[half:],
		"\u202a" + digits + "\u202c", wide, arabic,
	}
}

func TestPastedCodesAreRight(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	e := s.enable(s.login().Access)
	s.twoFactor(s.login().Access, "verify", code(pasted(s.shown(e.Secret))[0])).Expect(t, http.StatusOK, "")
	for i := range pasted("000000") {
		s.nextStep()
		s.tokensOf(s.validate(s.challenged(), pasted(s.shown(e.Secret))[i]))
	}
	access := s.tokensOf(s.validate(s.challenged(), strings.ReplaceAll(e.BackupCodes[0], "-", "\u2011")+"\u00a0")).Access
	s.nextStep()
	s.as(access, http.MethodPost, "/api/auth/proof", code(pasted(s.shown(e.Secret))[2])).Expect(t, http.StatusOK, "")
}

// What cannot be a code is told so wherever codes are typed, and is not counted, so
// that the fifth guess after a hundred of them is still looked at.
func TestWhatCannotBeACodeIsNoGuess(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	access := s.login().Access
	pending := s.enable(access)
	for range 6 {
		a := s.twoFactor(access, "verify", code("12345"))
		a.Expect(t, http.StatusBadRequest, "invalid_request")
		if len(a.Problem.Errors) != 1 || a.Problem.Errors[0].Field != "code" {
			t.Fatalf("answered %s", a.Body)
		}
		s.twoFactor(access, "verify", code(pending.BackupCodes[0])).Expect(t, http.StatusBadRequest, "invalid_request")
	}
	s.twoFactor(access, "verify", code(s.shown(pending.Secret))).Expect(t, http.StatusOK, "")
	s.nextStep()
	c := s.challenged()
	for range 6 {
		s.validate(c, "my code").Expect(t, http.StatusBadRequest, "invalid_request")
		s.as(access, http.MethodPost, "/api/auth/proof", code("12345")).Expect(t, http.StatusBadRequest, "invalid_request")
	}
	a := s.validate(c, s.wrongCode(pending.Secret))
	a.Expect(t, http.StatusUnauthorized, "code_invalid")
	if left := attemptsLeft(t, a); left != 4 {
		t.Errorf("%d attempts left, want 4", left)
	}
	s.tokensOf(s.validate(c, s.shown(pending.Secret)))
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE outcome = 'invalid_request'"); n != 0 {
		t.Errorf("the trail tells of %d codes that are none", n)
	}
}

func TestPagesSayWhatIsNoCode(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	s.enrol(s.login().Access)
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	for range 6 {
		b.submit("/signin/code", map[string]string{"code": "12 34"})
		b.sees("/signin/code", http.StatusBadRequest, "This is not a code.")
	}
}
