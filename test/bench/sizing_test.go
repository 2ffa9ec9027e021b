// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// What stands between these lines of the page is written from the figures.
const begin, end = "<!-- figures: written by make bench -->", "<!-- end of figures -->"

// headroom is the share of the most that a realm should be sized for.
const headroom = 0.7

func (r *report) writeSizing(path string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, alsoFound := strings.Cut(rest, end)
	if !found || !alsoFound {
		return fmt.Errorf("%s has no place for figures", path)
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+r.sizing()+end+after), 0o644)
}

func (r *report) sizing() string {
	logins := r.capacity / float64(runtime.NumCPU())
	each := func(f *figures) float64 { return 1 / f.cpuEach().Seconds() }
	b := &strings.Builder{}
	fmt.Fprintf(b, "\n| on one core of %s | |\n| --- | ---: |\n", strings.TrimPrefix(r.machine[2], "- Processor: "))
	fmt.Fprintf(b, "| logins a second (L) | %.1f |\n| refreshes a second | %.0f |\n| validations a second, profile | %.0f |\n| validations a second, forward-auth | %.0f |\n",
		logins, each(r.refresh), each(r.profile), each(r.verify))
	fmt.Fprintf(b, "\n| memory of a server | MiB |\n| --- | ---: |\n| just started | %d |\n| saturated with logins | %d |\n| at most, with %d connections | %d |\n",
		r.memoryIdle>>20, r.memoryBusy>>20, connections, r.mostMemory()>>20)
	b.WriteString("\n| logins a second | cores | for example |\n| ---: | ---: | --- |\n")
	for _, wanted := range []float64{10, 100, 1000} {
		const perPod = 4
		cores := max(2, math.Ceil(wanted/(logins*headroom)))
		pods := max(2, math.Ceil(cores/perPod))
		fmt.Fprintf(b, "| %.0f | %.0f | `replicas: %.0f`, `cpu: \"%.0f\"` |\n", wanted, cores, pods, math.Ceil(cores/pods))
	}
	return b.String() + "\n"
}

func (r *report) mostMemory() int {
	most := 0
	for _, f := range r.rows {
		most = max(most, f.memory)
	}
	return most
}
