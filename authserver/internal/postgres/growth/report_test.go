// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

const (
	reportFile = "../../../../docs/growth.md"
	sizingFile = "../../../../docs/sizing.md"
	// atMost is what a statement that answers a request may take.
	atMost = 5 * time.Millisecond
)

// report is everything that was measured.
type report struct {
	t       *testing.T
	fill    filler
	machine []string
	busy    bool // with others' work, before anything began
	phases  []phase

	upgrade    upgrade
	costs      []cost
	statements []explained
	starving   starved
	pruning    pruned
	sizes      []tableSize
	verdicts   []verdict
}

type phase struct {
	name string
	took time.Duration
}

// verdict holds a figure against a goal.
type verdict struct {
	goal, measured string
	met            bool
}

func newReport(t *testing.T, f filler) *report {
	t.Helper()
	r := &report{t: t, fill: f, machine: process.Machine(t)}
	var load float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.busy = load > 1
	return r
}

// phase runs a part and says how long it took.
func (r *report) phase(name string, run func()) {
	r.t.Helper()
	say("%s", name)
	began := time.Now()
	done := make(chan struct{})
	go func() {
		every := time.NewTicker(5 * time.Second)
		defer every.Stop()
		for {
			select {
			case <-done:
				return
			case <-every.C:
				say("%s: %s so far", name, time.Since(began).Round(time.Second))
			}
		}
	}()
	defer close(done)
	run()
	r.phases = append(r.phases, phase{name, time.Since(began)})
	say("%s: %s", name, time.Since(began).Round(time.Second))
}

// slow are the statements that take longer than they may, without an exception.
func (r *report) slow() (list []explained) {
	for _, x := range r.statements {
		if (x.took() > atMost || x.failed != nil) && exceptionFor(x.name()) == nil {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b explained) int { return int(b.took() - a.took()) })
	return list
}

// judge holds the figures against the goals. Only what a statement takes, which others'
// work makes little difference to, fails the run, and not on a machine that was busy
// before it.
func (r *report) judge(t *testing.T) {
	t.Helper()
	slow := r.slow()
	for _, x := range slow {
		if r.busy {
			say("on a busy machine: %s takes %s, %v", x.name(), x.took(), x.failed)
			continue
		}
		t.Errorf("%s takes %s (%v): mend it, or say why it may in exceptions", x.name(), x.took(), x.failed)
	}
	r.hold("every statement under 5 ms but for stated exceptions", fmt.Sprintf("%d of %d above", len(slow), len(r.statements)), len(slow) == 0)
	p := r.pruning
	ratio := float64(p.beside.median().percentile(.99)) / float64(p.before.median().percentile(.99))
	r.hold("refresh p99 beside pruning within 1.5 times", fmt.Sprintf("%.2f times", ratio), ratio <= 1.5)
	reached := 0
	for _, one := range p.tables {
		if one.still < one.expired {
			reached++
		}
	}
	r.hold("a round reaches every table, whatever the others have", fmt.Sprintf("%d of %d", reached, len(p.tables)), reached == len(p.tables))
	s := r.starving
	share := s.beside.perSecond() / s.without.perSecond()
	r.hold("half of all refreshes go on beside ten searches for locked accounts", fmt.Sprintf("%.0f %%", 100*share), share >= .5)
	failed := r.upgrade.logins.failures() + r.upgrade.refreshes.failures()
	r.hold("upgrade under load without a failed login or refresh", fmt.Sprintf("%d failed", failed), failed == 0)
	if failed > 0 {
		t.Errorf("while it was upgraded: %v %v", r.upgrade.logins.failed, r.upgrade.refreshes.failed)
	}
}

func (r *report) hold(goal, measured string, met bool) {
	r.verdicts = append(r.verdicts, verdict{goal, measured, met})
}

// publish prints the report and writes it down, if it is about as many users as the page.
func (r *report) publish(t *testing.T) {
	t.Helper()
	text := r.markdown()
	fmt.Println(text)
	if r.fill.size.users != manyUsers {
		return
	}
	earlier, err := os.ReadFile(reportFile)
	if err == nil {
		if _, before, found := strings.Cut(string(earlier), beforeHeading); found {
			text += beforeHeading + before
		}
	}
	if err := os.WriteFile(reportFile, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	if err := writeBlock(sizingFile, r.sizing()); err != nil {
		t.Error(err)
	}
}

// beforeHeading begins what the page keeps: the figures of before.
const beforeHeading = "\n## Before\n"
