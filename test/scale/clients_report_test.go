// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

// clientsReport is everything that was measured of one realm's clients.
type clientsReport struct {
	clients int
	machine []string
	rows    []row

	ready, another, change time.Duration
	memory, limit          int
	documents              [][]byte
	served                 served
}

func newClientsReport(t *testing.T, clients int) *clientsReport {
	t.Helper()
	return &clientsReport{clients: clients, machine: process.Machine(t)}
}

func (r *clientsReport) add(name string, s span) { r.rows = append(r.rows, row{name, s}) }

// publish prints the report and writes it down, if it is about as many clients as the page.
func (r *clientsReport) publish(t *testing.T) {
	t.Helper()
	fmt.Println(r.markdown())
	if r.clients == manyClients && !t.Failed() {
		writePart(t, clientsPart, r.markdown())
	}
}

func (r *clientsReport) markdown() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s%d clients\n\n", clientsPart, r.clients)
	fmt.Fprintf(b, "`make scale` writes this part, too: one realm with %d pods, and %d confidential clients in its namespace, created at once, each with\n"+
		"a Secret.\n\n", podsEach, r.clients)
	fmt.Fprintf(b, "%s\n\n", strings.Join(r.machine, "\n"))
	fmt.Fprintf(b, "| | |\n| --- | ---: |\n| all %d clients are Ready after | %s |\n", r.clients, seconds(r.ready))
	fmt.Fprintf(b, "| one more client is Ready after | %s |\n", seconds(r.another))
	fmt.Fprintf(b, "| every pod knows a changed client after | %s |\n", seconds(r.change))
	fmt.Fprintf(b, "| the operator's memory at rest | %d MiB, of %d that the chart lets it have |\n", r.memory>>20, r.limit>>20)
	largest, all := 0, 0
	for _, document := range r.documents {
		largest, all = max(largest, len(document)), all+len(document)
	}
	fmt.Fprintf(b, "| the largest of %d documents | %d kB, of %d that one may have |\n", len(r.documents), largest/1000, realmconfig.MaxClientDocument/1000)
	fmt.Fprintf(b, "| all documents | %d kB, %d bytes a client |\n", all/1000, all/(r.clients+1))
	fmt.Fprintf(b, "| an auth server loads them in | %s |\n", millis(r.served.load))
	fmt.Fprintf(b, "| and holds them in | %.1f MiB |\n", float64(r.served.memory)/(1<<20))
	fmt.Fprintf(b, "| it looks at them again, and nothing has changed | %s |\n", millis(r.served.again))
	fmt.Fprintf(b, "| it takes up the edit of one client, which reads one document anew | %s |\n", millis(r.served.reload))
	fmt.Fprintf(b, "| it looks clients up | %.1f million a second |\n\n", r.served.lookups/1e6)
	fmt.Fprintf(b, "A new client is known to a pod that is being started five seconds later, which is most of the time that one takes. Of the clients created "+
		"at once, each is asserted to cost %d requests at most; a restart when nothing has changed to write nothing, and to ask fewer than %d times, "+
		"however many clients there are.\n\n", mostPerClient, mostAtRestart)
	b.WriteString("| | seconds | reads | writes | requests a client | most in a second | passes | CPU s | peak MiB |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, row := range r.rows {
		fmt.Fprintf(b, "| %s | %.1f | %d | %d | %.2f | %d | %d | %.1f | %d |\n", row.name, row.took.Seconds(), row.reads, row.writes,
			float64(row.requests())/float64(r.clients), row.busiest, row.passes, row.cpu.Seconds(), row.peak>>20)
	}
	return b.String()
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
