// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestRenderedFilesParse(t *testing.T) {
	t.Parallel()
	data := newSettings("overlayfs", "nameserver 192.0.2.1\n")
	for name, decode := range map[string]func([]byte, any) error{
		"kubelet.yaml":          func(b []byte, v any) error { return yaml.UnmarshalStrict(b, v) },
		"kube-proxy.yaml":       func(b []byte, v any) error { return yaml.UnmarshalStrict(b, v) },
		"authentication.yaml":   func(b []byte, v any) error { return yaml.UnmarshalStrict(b, v) },
		"10-localkube.conflist": json.Unmarshal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := render(name, data)
			if err != nil {
				t.Fatal(err)
			}
			var document map[string]any
			if err := decode(content, &document); err != nil {
				t.Errorf("%v in\n%s", err, content)
			}
		})
	}
}

func TestDNSForwardsOnlyWhenThereIsAServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resolvConf string
		forwards   bool
	}{
		"a server":  {"nameserver 192.0.2.1\n", true},
		"no server": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := render("Corefile", newSettings("overlayfs", c.resolvConf))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(content), "forward ."); got != c.forwards {
				t.Errorf("forwards is %v, want %v in\n%s", got, c.forwards, content)
			}
		})
	}
}

func TestResolversSkipsServersThatPodsCannotReach(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	stub, real := filepath.Join(folder, "stub"), filepath.Join(folder, "real")
	for path, content := range map[string]string{
		stub: "# systemd-resolved\nnameserver 127.0.0.53\noptions edns0\n",
		real: "search example.org\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"the stub, then the real file": {[]string{stub, real}, "nameserver 192.0.2.1\nnameserver 2001:db8::1\n"},
		"only the stub":                {[]string{stub}, ""},
		"no file":                      {[]string{filepath.Join(folder, "absent")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := resolvers(c.paths...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlanNeedsOnlyWhatItStarts(t *testing.T) {
	t.Parallel()
	var started []string
	for _, component := range plan().Components {
		for _, need := range component.Needs {
			if !slices.Contains(started, need) {
				t.Errorf("%s needs %s, which does not come before it", component.Name, need)
			}
		}
		started = append(started, component.Name)
	}
}

func TestPlanListensOnlyOnTheNodesAddress(t *testing.T) {
	t.Parallel()
	for _, component := range plan().Components {
		for _, argument := range component.Args {
			if strings.Contains(argument, "0.0.0.0") || strings.Contains(argument, "127.0.0.1") {
				t.Errorf("%s %s may quarrel with other programs of the machine", component.Name, argument)
			}
		}
	}
}
