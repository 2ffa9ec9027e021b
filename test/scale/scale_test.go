// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const (
	// manyRealms is how many the published figures are about, fewRealms how many
	// there are unless REALMS says otherwise.
	manyRealms, fewRealms = 1000, 20
	// steadyMany and steadyFew are how long nothing must be written.
	steadyMany, steadyFew = 2 * time.Minute, 10 * time.Second
	// calm is how long an operator asks nothing that is done.
	calm = 5 * time.Second
	// mostPerSecond bounds what the API server is asked at any time, the burst of
	// the first second included: see the operator's --kube-api-qps.
	mostPerSecond = 1100
	// mostReads bounds what is read at a restart for each realm, with the watches of all.
	mostReads = 5
	// promptly is when a change is in force, also while the operator is busy with
	// everything else.
	promptly = 5 * time.Second
)

// discardLogs drops what the test's own controllers say.
func discardLogs() { ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(io.Discard, nil))) }

// TestScale takes an operator through its life with many realms.
func TestScale(t *testing.T) {
	discardLogs()
	realms, steady := fewRealms, steadyFew
	if given := os.Getenv("REALMS"); given != "" {
		var err error
		if realms, err = strconv.Atoi(given); err != nil || realms < 1 {
			t.Fatalf("REALMS is %q", given)
		}
	}
	if realms >= manyRealms {
		steady = steadyMany
	}
	r := newReport(t, realms)
	w := newWorld(t, realms)
	program := buildOperator(t, w.plane)
	w.populate()

	o := program.start()
	watched := o.watch(func() {
		begin := time.Now()
		r.birthChange = w.changeSetting(w.awaitOne(20*time.Minute), eventually.Patience)
		w.awaitReady(20 * time.Minute)
		r.ready = time.Since(begin)
	})
	r.add("from nothing to all Ready", watched)
	r.add("until nothing is asked any more", o.watch(o.rest))

	r.add("one setting of one realm changed", o.watch(func() { r.change = w.changeSetting(0, eventually.Patience); o.rest() }))
	r.add("one client secret changed", o.watch(func() { w.changeSecret(1); o.rest() }))

	quiet := o.watch(func() { pause(steady) })
	r.add("steady state", quiet)
	if quiet.writes > 0 {
		t.Errorf("%d objects were written within %s though nothing changed", quiet.writes, steady)
	}
	r.memory = quiet.memory

	o.end()
	o = program.start()
	idle := o.watch(func() { o.await(realms * (1 + providersEach)); o.rest() })
	r.add("restart, and nothing changed", idle)
	if idle.writes > 0 {
		t.Errorf("%d objects were written at a restart though nothing changed", idle.writes)
	}
	if most := mostReads * realms; idle.reads >= most {
		t.Errorf("%d requests read something at a restart; there must be fewer than %d", idle.reads, most)
	}

	o.end()
	o = program.start()
	again := o.watch(func() {
		o.await(realms / 10)
		r.busyChange = w.changeSetting(realms-1, eventually.Patience)
		o.await(realms * (1 + providersEach))
		o.rest()
	})
	r.add("restart, and one setting changed meanwhile", again)
	if slowest := max(r.busyChange, r.birthChange); realms >= manyRealms && slowest > promptly {
		t.Errorf("a change took %s while the operator was busy", slowest)
	}
	if again.busiest > mostPerSecond || watched.busiest > mostPerSecond {
		t.Errorf("the API server was asked %d and %d times within a second", watched.busiest, again.busiest)
	}
	r.limit = program.memory
	if peak := max(watched.peak, again.peak); peak > r.limit {
		t.Errorf("the operator took %d MiB; the chart lets it have %d", peak>>20, r.limit>>20)
	}
	if w.unready() > 0 {
		t.Errorf("%d are not ready in the end", w.unready())
	}
	if t.Failed() {
		t.Log(o.Said())
	}
	r.publish(t)
}
