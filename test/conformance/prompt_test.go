// SPDX-License-Identifier: Apache-2.0

package conformance

import "time"

// again signs in a second time in the same browser, and says how often it was asked to.
func (rp *relyingParty) again(changes ...string) (second session, asked int) {
	rp.t.Helper()
	before := len(rp.browser.signInPages())
	second = rp.signIn(changes...)
	return second, len(rp.browser.signInPages()) - before
}

// isAskedAnew fails the test unless a second sign-in is a new one.
func (rp *relyingParty) isAskedAnew(first session, changes ...string) {
	rp.t.Helper()
	second, asked := rp.again(changes...)
	if asked != 1 {
		rp.t.Errorf("somebody was asked to sign in %d times", asked)
	}
	if second.claims["sub"] != first.claims["sub"] {
		rp.t.Errorf("%v has signed in, and then %v", first.claims["sub"], second.claims["sub"])
	}
	if first.claims["auth_time"] != nil && !timeOf(second.claims["auth_time"]).After(timeOf(first.claims["auth_time"])) {
		rp.t.Errorf("auth_time was %v and is %v", first.claims["auth_time"], second.claims["auth_time"])
	}
}

// isNotAsked fails the test unless a second sign-in is the first one.
func (rp *relyingParty) isNotAsked(first session, changes ...string) session {
	rp.t.Helper()
	second, asked := rp.again(changes...)
	if asked != 0 {
		rp.t.Errorf("somebody was asked to sign in: %s", rp.browser.text())
	}
	for _, claim := range []string{"sub", "auth_time"} {
		if first.claims[claim] != nil && second.claims[claim] != nil && first.claims[claim] != second.claims[claim] {
			rp.t.Errorf("%s was %v and is %v", claim, first.claims[claim], second.claims[claim])
		}
	}
	return second
}

func promptLogin(rp *relyingParty) {
	first := rp.signIn()
	rp.provider.advance(time.Second)
	rp.isAskedAnew(first, "prompt", "login")
}

func promptNoneNotLoggedIn(rp *relyingParty) {
	rp.isNotLoggedIn()
	if pages := rp.browser.signInPages(); len(pages) != 0 {
		rp.t.Error("somebody was asked to sign in")
	}
}

func promptNoneLoggedIn(rp *relyingParty) { rp.isNotAsked(rp.signIn(), "prompt", "none") }

// maxAge1 comes when the sign-in is two seconds old, and so one too many. Whoever sends
// max_age is told auth_time (OpenID Connect Core 1.0, section 2).
func maxAge1(rp *relyingParty) {
	first := rp.signIn("max_age", "15000")
	rp.saysWhen(first)
	rp.provider.advance(2 * time.Second)
	rp.isAskedAnew(first, "max_age", "1")
}

func maxAge10000(rp *relyingParty) {
	first := rp.signIn("max_age", "15000")
	rp.saysWhen(first)
	rp.provider.advance(time.Second)
	rp.saysWhen(rp.isNotAsked(first, "max_age", "10000"))
}

// saysWhen fails the test unless an ID token says when its user signed in, and that was
// just now.
func (rp *relyingParty) saysWhen(s session) {
	rp.t.Helper()
	if s.claims["auth_time"] == nil || rp.provider.now().Sub(timeOf(s.claims["auth_time"])) > clocksDiffer {
		rp.t.Errorf("auth_time is %v", s.claims["auth_time"])
	}
}

func idTokenHint(rp *relyingParty) {
	first := rp.signIn()
	rp.isNotAsked(first, "prompt", "none", "id_token_hint", first.ID)
}
