// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

const (
	reportFile = "../../docs/benchmarks.md"
	sizingFile = "../../docs/sizing.md"
)

// report is everything that was measured.
type report struct {
	quick   bool
	machine []string

	rows []*figures
	// bare is how long one hash takes the reference, alone on the machine;
	// capacity is in logins per second.
	bare                   time.Duration
	capacity               float64
	memoryIdle, memoryBusy int

	// Logins of 32 clients, each with an address or half of them with the same.
	loginAlone, loginTogether *figures

	loginAtHalf, loginInBursts, refresh, profile, verify, oauth, mail *figures
	credentials, introspection, codeFlow                              *figures
	// passkey is sign-ins by passkey that come as people do, passkeyMost at full speed.
	passkey, passkeyMost *figures
	// clientRefresh and modernRefresh are of applications with ID tokens by RS256 and ES256,
	// ownRefreshes a second the realm's own beside them, and signature is how long RS256 takes.
	clientRefresh, modernRefresh      *figures
	ownRefreshes                      float64
	signature                         time.Duration
	refreshIsolation, verifyIsolation [2]*figures // idle and busy

	verdicts []verdict
}

// verdict holds a figure against a target.
type verdict struct {
	target, measured string
	met              bool
	// reason is why a target was missed.
	reason string
}

func newReport(t *testing.T, quick bool) *report {
	t.Helper()
	return &report{quick: quick, machine: process.Machine(t)}
}

func (r *report) add(rows ...*figures) { r.rows = append(r.rows, rows...) }

// judge states every target, met or not.
func (r *report) judge() {
	hashing := fmt.Sprintf("one bcrypt hash of cost %d alone takes %.0f ms on this machine", cost, milliseconds(r.bare))
	r.below("login p95 at half of capacity", r.loginAtHalf.percentile(.95), 200*time.Millisecond, hashing)
	r.below("token validation p95 at half of its most", r.profile.percentile(.95), 50*time.Millisecond, "")
	r.below("forward-auth p95 at half of its most", r.verify.percentile(.95), 50*time.Millisecond, "")
	r.above("client credentials a second", r.credentials.perSecond(), 2000, "the driver and both stores share the cores")
	r.above("introspections a second", r.introspection.perSecond(), 5000, "the driver and both stores share the cores")
	r.below("code flow of a signed-in browser p95", r.codeFlow.percentile(.95), 15*time.Millisecond, "the driver and both stores share the cores")
	r.below("sign-in by passkey, both requests, p95", r.passkey.percentile(.95), 10*time.Millisecond, "the driver and both stores share the cores")
	r.above("sign-ins by passkey a second", r.passkeyMost.perSecond(), 300, "the driver and both stores share the cores")
	share := func(f *figures) float64 { return 100 * f.perSecond() / r.ownRefreshes }
	r.above("refresh by an application, ID tokens by ES256, % of the realm's own", share(r.modernRefresh), 90, "the driver and both stores share the cores")
	r.above("refresh by an application, ID tokens by RS256, % of the realm's own", share(r.clientRefresh), 90,
		fmt.Sprintf("a signature by RS256 with 2048 bits takes %.2f ms of a core, and each refresh has one", milliseconds(r.signature)))
	r.below("OAuth sign-in p95", r.oauth.percentile(.95), 500*time.Millisecond, "")
	r.below("reset mail p95", r.mail.percentile(.95), 2*time.Second, "")
	r.below("reset mail p95, our own target", r.mail.percentile(.95), 500*time.Millisecond, "")
	r.below("login p95 at half of capacity, 1.15 bare hashes", r.loginAtHalf.percentile(.95), r.bare*115/100,
		"the driver and both stores share the cores")
	r.below("the same at random times, 1.15 bare hashes", r.loginInBursts.percentile(.95), r.bare*115/100,
		"logins that happen to come together share a core, and take longer than one that has it to itself")
	r.below("login p99 of 32 clients, 2 times p50", r.loginAlone.percentile(.99), 2*r.loginAlone.percentile(.50), "")
	r.below("the same with half of them at one address, 2 times p50", r.loginTogether.percentile(.99), 2*r.loginTogether.percentile(.50), "")
	for _, c := range []struct {
		name string
		pair [2]*figures
	}{{"refresh", r.refreshIsolation}, {"forward-auth", r.verifyIsolation}} {
		idle, busy := c.pair[0].percentile(.99), c.pair[1].percentile(.99)
		r.below(c.name+" p99 beside saturating logins", busy, 20*time.Millisecond, "the driver and both stores share the cores")
		r.below(c.name+" p99 beside saturating logins, 3 times idle", busy, 3*idle, "the driver and both stores share the cores")
	}
}

func (r *report) below(what string, measured, target time.Duration, reason string) {
	r.verdicts = append(r.verdicts, verdict{
		target:   fmt.Sprintf("%s < %.1f ms", what, milliseconds(target)),
		measured: fmt.Sprintf("%.2f ms", milliseconds(measured)),
		met:      measured < target, reason: reason,
	})
}

func (r *report) above(what string, measured, target float64, reason string) {
	r.verdicts = append(r.verdicts, verdict{
		target:   fmt.Sprintf("%s > %.0f", what, target),
		measured: fmt.Sprintf("%.0f", measured),
		met:      measured > target, reason: reason,
	})
}

// publish prints the report and, unless it was quick, writes it down.
func (r *report) publish(t *testing.T) {
	t.Helper()
	text := r.markdown()
	fmt.Println("# Benchmarks\n" + text)
	if r.quick || t.Failed() {
		return
	}
	earlier, err := os.ReadFile(reportFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(reportFile, []byte(page(text, string(earlier))), 0o644); err != nil {
		t.Error(err)
	}
	if err := r.writeSizing(sizingFile); err != nil {
		t.Error(err)
	}
}

// A page holds the newest runs, so that one can be held against another.
const (
	newestRuns = 3
	runHeading = "\n## A run\n"
)

// page is a new run, and those of an earlier page that still fit.
func page(run, earlier string) string {
	_, before, found := strings.Cut(earlier, runHeading)
	runs := []string{run}
	if found {
		runs = append(runs, strings.Split(before, runHeading)...)
	}
	runs = runs[:min(len(runs), newestRuns)]
	return fmt.Sprintf("# Benchmarks\n\n`make bench` writes this page: its newest runs, the last one first. One server, PostgreSQL,\n"+
		"Redis and the driver share the machine; bcrypt cost %d; TLS 1.3.\n", cost) + runHeading + strings.Join(runs, runHeading)
}

func (r *report) markdown() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "\n%s\n\n", strings.Join(r.machine, "\n"))
	b.WriteString("### Targets\n\n| target | measured | |\n| --- | ---: | --- |\n")
	for _, v := range r.verdicts {
		fmt.Fprintf(b, "| %s | %s | %s |\n", v.target, v.measured, v.word())
	}
	b.WriteString("\n### Everything\n\nTimes in milliseconds, for requests that were answered as wanted. CPU is the server's, for each request. " +
		"“× x/crypto” is the throughput against golang.org/x/crypto/bcrypt on all cores, measured just before and after.\n\n" +
		"| load | offered /s | answered /s | p50 | p95 | p99 | refused | CPU ms | memory MiB | × x/crypto |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, f := range r.rows {
		fmt.Fprintf(b, "| %s | %s | %.1f | %.2f | %.2f | %.2f | %d | %s | %d | %s |\n", f.name, orEmpty("%.1f", f.offered), f.perSecond(),
			milliseconds(f.percentile(.5)), milliseconds(f.percentile(.95)), milliseconds(f.percentile(.99)),
			f.refused, orEmpty("%.3f", milliseconds(f.cpuEach())), f.memory>>20, orEmpty("%.1f", f.toReference))
	}
	return b.String()
}

func (v verdict) word() string {
	switch {
	case v.met:
		return "met"
	case v.reason == "":
		return "missed"
	default:
		return "missed: " + v.reason
	}
}

func orEmpty(format string, x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
