// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

// program is the operator's, and what it needs to run.
type program struct {
	t          *testing.T
	binary     string
	kubeconfig string
	// memory is what the chart lets it have, in bytes.
	memory int
}

// buildOperator makes the program as a release has it.
func buildOperator(t *testing.T, plane *apiserver.ControlPlane) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t, process.Build(t, "./cmd/operator"), filepath.Join(dir, "kubeconfig"), memoryLimit(t)}
	admin := plane.Admin()
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: admin.CertData, ClientKeyData: admin.KeyData}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*config, p.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return p
}

// memoryLimit is what the chart lets an operator's pod have, in bytes.
func memoryLimit(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("../../charts/realmkeeper/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Resources struct {
			Limits struct{ Memory resource.Quantity }
		}
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return int(values.Resources.Limits.Memory.Value())
}

// operator is the program as it runs.
type operator struct {
	*process.Process
	t       *testing.T
	metrics string
}

// start runs the program until it is stopped or the test ends.
func (p *program) start() *operator {
	p.t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		p.t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	environment := []string{"KUBECONFIG=" + p.kubeconfig, fmt.Sprint("GOMEMLIMIT=", p.memory)}
	return &operator{
		process.Start(p.t, environment, p.binary, "--log-level", "warn", "--health-probe-bind-address", "0", "--metrics-bind-address", address,
			"--allow-private-networks"), // the providers are here
		p.t, "http://" + address + "/metrics",
	}
}

// end stops the program.
func (o *operator) end() {
	o.t.Helper()
	if err := o.Stop(); err != nil {
		o.t.Fatalf("the operator ended with %v\n%s", err, o.Said())
	}
}

// sample is what the operator has done and uses.
type sample struct {
	at     time.Time
	reads  int // requests to the API server that change nothing
	writes int // requests to the API server that change something
	passes int
	memory int // resident, in bytes
	peak   int
	cpu    time.Duration
}

func (s sample) requests() int { return s.reads + s.writes }

// since is what was done from earlier to s.
func (s sample) since(earlier sample) sample {
	s.reads, s.writes, s.passes, s.cpu = s.reads-earlier.reads, s.writes-earlier.writes, s.passes-earlier.passes, s.cpu-earlier.cpu
	return s
}

// sample reads the operator's own metrics. Before it serves them, it has done nothing. Of
// thirty for each realm, it asks for none: written and compressed every second, they would
// be a quarter of what the operator works.
func (o *operator) sample() sample {
	o.t.Helper()
	s := sample{at: time.Now(), peak: o.Peak(), memory: o.Memory()}
	asked := url.Values{"name[]": {"rest_client_requests_total", "controller_runtime_reconcile_total", "process_cpu_seconds_total"}}
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.metrics+"?"+asked.Encode(), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return s
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, text, _ := strings.Cut(lines.Text(), " ")
		name, labels, _ := strings.Cut(series, "{")
		value, _ := strconv.ParseFloat(text, 64)
		switch {
		case name == "rest_client_requests_total" && strings.Contains(labels, `method="GET"`):
			s.reads += int(value)
		case name == "rest_client_requests_total":
			s.writes += int(value)
		case name == "controller_runtime_reconcile_total" && !strings.Contains(labels, `-overdue"`): // whose looks cost nothing
			s.passes += int(value)
		case name == "process_cpu_seconds_total":
			s.cpu = time.Duration(value * float64(time.Second))
		}
	}
	if err := lines.Err(); err != nil {
		o.t.Fatal(err)
	}
	return s
}
