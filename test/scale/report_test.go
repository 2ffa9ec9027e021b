// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

const reportFile = "../../docs/scale.md"

// report is everything that was measured.
type report struct {
	realms  int
	machine []string
	rows    []row

	ready, change, busyChange time.Duration
	memory, limit             int
}

type row struct {
	name string
	span
}

func newReport(t *testing.T, realms int) *report {
	t.Helper()
	r := &report{realms: realms}
	r.fact("Date", time.Now().UTC().Format(time.DateOnly))
	r.fact("Commit", said(t, "git", "describe", "--always", "--dirty", "--abbrev=12"))
	r.fact("Processor", fmt.Sprintf("%d × %s", runtime.NumCPU(), processor(t)))
	r.fact("Go", runtime.Version())
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(load), " ")
	r.fact("Load before", first+" (anything above 0.5 was not ours, and spoils the figures)")
	return r
}

func (r *report) fact(name, value string) {
	r.machine = append(r.machine, "- "+name+": "+value)
}

func (r *report) add(name string, s span) { r.rows = append(r.rows, row{name, s}) }

// publish prints the report and writes it down, if it is about as many realms as
// the page.
func (r *report) publish(t *testing.T) {
	t.Helper()
	fmt.Println(r.markdown())
	if r.realms != manyRealms || t.Failed() {
		return
	}
	if err := os.WriteFile(reportFile, []byte(r.markdown()), 0o644); err != nil {
		t.Error(err)
	}
}

func (r *report) markdown() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# The operator with %d realms\n\n", r.realms)
	b.WriteString("`make scale` writes this page. One operator, as released; etcd and a real API server; what is not there (Kubernetes'\n" +
		"controllers, kubelet, pods, identity providers) is played by the test, which shares the machine with them.\n\n")
	fmt.Fprintf(b, "%d realms with %d pods and %d providers each, %d realms in a namespace. Everything is at its defaults.\n\n",
		r.realms, podsEach, providersEach, realmsInNamespace)
	fmt.Fprintf(b, "%s\n\n", strings.Join(r.machine, "\n"))
	fmt.Fprintf(b, "| | |\n| --- | ---: |\n| all %d realms and %d providers created at once are Ready after | %s |\n",
		r.realms, r.realms*providersEach, seconds(r.ready))
	fmt.Fprintf(b, "| a changed setting is in force in every pod of its realm after | %s |\n", seconds(r.change))
	fmt.Fprintf(b, "| the same, just after a restart of the operator | %s |\n", seconds(r.busyChange))
	fmt.Fprintf(b, "| the operator's memory at rest | %d MiB, of %d that the chart lets it have |\n\n", r.memory>>20, r.limit>>20)
	b.WriteString("Requests are the operator's to the API server, watches included; a pass is one look at a realm or a provider. " +
		"Steady state is asserted to write nothing, and no second to have more than " + fmt.Sprint(mostPerSecond) + " requests.\n\n" +
		"| | seconds | reads | writes | requests a realm | most in a second | passes | CPU s | peak MiB |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, row := range r.rows {
		fmt.Fprintf(b, "| %s | %.1f | %d | %d | %.1f | %d | %d | %.1f | %d |\n", row.name, row.took.Seconds(), row.reads, row.writes,
			float64(row.requests())/float64(r.realms), row.busiest, row.passes, row.cpu.Seconds(), row.peak>>20)
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func said(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func processor(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown"
}
