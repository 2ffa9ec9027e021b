// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

// report is everything that was measured.
type report struct {
	realms  int
	machine []string
	rows    []row

	ready, change, birthChange, busyChange time.Duration
	memory, limit                          int
}

type row struct {
	name string
	span
}

func newReport(t *testing.T, realms int) *report {
	t.Helper()
	return &report{realms: realms, machine: process.Machine(t)}
}

func (r *report) add(name string, s span) { r.rows = append(r.rows, row{name, s}) }

// publish prints the report and writes it down, if it is about as many realms as
// the page.
func (r *report) publish(t *testing.T) {
	t.Helper()
	fmt.Println(r.markdown())
	if r.realms == manyRealms && !t.Failed() {
		writePart(t, realmsPart, r.markdown())
	}
}

func (r *report) markdown() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s%d realms\n\n", realmsPart, r.realms)
	b.WriteString("`make scale` writes this page. One operator, as released; etcd and a real API server; what is not there (Kubernetes'\n" +
		"controllers, kubelet, pods, identity providers) is played by the test, which shares the machine with them.\n\n")
	fmt.Fprintf(b, "%d realms with %d pods and %d providers each, %d realms in a namespace. Everything is at its defaults.\n\n",
		r.realms, podsEach, providersEach, realmsInNamespace)
	fmt.Fprintf(b, "%s\n\n", strings.Join(r.machine, "\n"))
	fmt.Fprintf(b, "| | |\n| --- | ---: |\n| all %d realms and %d providers created at once are Ready after | %s |\n",
		r.realms, r.realms*providersEach, seconds(r.ready))
	fmt.Fprintf(b, "| a changed setting is in force in every pod of its realm after | %s |\n", seconds(r.change))
	fmt.Fprintf(b, "| the same, while the others are made | %s |\n", seconds(r.birthChange))
	fmt.Fprintf(b, "| the same, just after a restart of the operator | %s |\n", seconds(r.busyChange))
	fmt.Fprintf(b, "| the operator's memory at rest | %d MiB, of %d that the chart lets it have |\n\n", r.memory>>20, r.limit>>20)
	b.WriteString("Requests are the operator's to the API server, watches included; a pass is one look at a realm or a provider. " +
		"Steady state and a restart when nothing has changed are asserted to write nothing, the latter to read fewer than " +
		fmt.Sprint(mostReads) + " times for each realm, and no second to have more than " + fmt.Sprint(mostPerSecond) + " requests.\n\n" +
		"| | seconds | reads | writes | requests a realm | most in a second | passes | CPU s | peak MiB |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, row := range r.rows {
		fmt.Fprintf(b, "| %s | %.1f | %d | %d | %.1f | %d | %d | %.1f | %d |\n", row.name, row.took.Seconds(), row.reads, row.writes,
			float64(row.requests())/float64(r.realms), row.busiest, row.passes, row.cpu.Seconds(), row.peak>>20)
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
