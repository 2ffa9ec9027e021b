// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestBenchmarks runs one load after the other. It fails when the server does
// something else than expected; a target that is missed is only shown.
func TestBenchmarks(t *testing.T) {
	quick := os.Getenv("QUICK") != ""
	span := 10 * time.Second
	if quick {
		span = 4 * time.Second
	}
	r := newReport(t, quick)
	w := newWorld(t)
	r.memoryIdle = w.server.Memory()
	r.bare = min(reference(t, 1), reference(t, 1), reference(t, 1))
	r.signature = signature(t)

	r.logins(w, span)
	r.tokens(w, span)
	r.clients(w, span)
	r.passkeys(w, span)
	r.isolation(w, span)
	r.elsewhere(w, span)

	r.judge()
	for _, f := range r.rows {
		if len(f.failures) > 0 || len(f.took) == 0 {
			t.Errorf("%s: %d answers, failures %v", f.name, len(f.took), f.failures)
		}
	}
	if t.Failed() {
		t.Log(w.server.Said())
	}
	r.publish(t)
}

// logins finds out what is the most, and then how long people wait below and
// above it.
func (r *report) logins(w *world, span time.Duration) {
	for _, clients := range []int{1, 2, 4, 8, 32} {
		name := fmt.Sprintf("login, %d clients", clients)
		f := w.besideReference(func() *figures { return w.clients(name, clients, span, w.login) })
		r.add(f)
		r.capacity, r.loginAlone = f.perSecond(), f
	}
	r.loginTogether = w.besideReference(func() *figures {
		return w.clients("login, 32 clients, half of them from one address", 32, span, w.fromOffice())
	})
	r.add(r.loginTogether)
	capacity := r.capacity
	for _, percent := range []int{25, 50, 75, 100, 150} {
		name := fmt.Sprintf("login, arriving at %d %% of capacity", percent)
		f := w.besideReference(func() *figures {
			return w.evenly(name, capacity*float64(percent)/100, span*3/2, w.login)
		})
		r.add(f)
		if percent == 50 {
			r.loginAtHalf = f
		}
	}
	r.loginInBursts = w.besideReference(func() *figures {
		return w.arrivals("login, at random times, 50 % of capacity", capacity/2, span*3/2, w.login)
	})
	r.add(r.loginInBursts)
}

// tokens measures what does not hash, at full speed and at half of that.
func (r *report) tokens(w *world, span time.Duration) {
	s := w.newSessions(200)
	access := s.accessTokens()
	for _, c := range []struct {
		name string
		op   operation
		keep **figures
	}{
		{"refresh", w.refresh(s), &r.refresh},
		{"token validation, GET /api/user/profile", w.get("/api/user/profile", access), &r.profile},
		{"forward-auth, GET /api/auth/verify", w.get("/api/auth/verify", access), &r.verify},
	} {
		most := w.clients(c.name+", 32 clients", 32, span, c.op)
		half := w.arrivals(c.name+", arriving at half of that", most.perSecond()/2, span, c.op)
		r.add(most, half)
		*c.keep = half
	}
}

// isolation repeats two of them at a leisurely rate, alone and while logins want
// more than there is.
func (r *report) isolation(w *world, span time.Duration) {
	const perSecond, clients = 50, 64
	long := 2 * span // of fewer answers, the slowest hundredth is a handful
	s := w.newSessions(50)
	access := s.accessTokens()
	for _, c := range []struct {
		name string
		op   operation
		keep *[2]*figures
	}{
		{"refresh", w.refresh(s), &r.refreshIsolation},
		{"forward-auth", w.get("/api/auth/verify", access), &r.verifyIsolation},
	} {
		idle := w.arrivals(c.name+", 50 a second, idle", perSecond, long, c.op)
		busy := w.whileLoggingIn(clients, func() *figures {
			return w.arrivals(c.name+", 50 a second, beside 64 clients logging in", perSecond, long, c.op)
		})
		*c.keep = [2]*figures{idle, busy}
		r.add(idle, busy)
	}
	r.memoryBusy = w.server.Memory()
}

// elsewhere measures what other servers take part in.
func (r *report) elsewhere(w *world, span time.Duration) {
	r.oauth = w.arrivals("OAuth sign-in, both requests, 50 a second", 50, span, w.signInElsewhere)
	r.mail = w.arrivals("reset mail, request to SMTP server, 5 a second", 5, span, w.resetMail)
	r.add(r.oauth, r.mail)
}
