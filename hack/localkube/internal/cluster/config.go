// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
)

// The cluster's addresses are unusual on purpose: the well-known ones are
// taken on machines that run Docker, Podman or another Kubernetes.
const (
	nodeName       = "localkube"
	nodeAddress    = "10.188.0.1" // also the gateway of pods, the API server's and the DNS server's address
	podSubnet      = "10.188.0.0/22"
	serviceSubnet  = "10.189.0.0/20"
	apiServiceIP   = "10.189.0.1" // Kubernetes gives the first one to itself
	bridgeName     = "localkube0"
	cgroupName     = "realmkeeper-localkube"
	nftablesTable  = "realmkeeper-localkube"
	PauseImage     = "localhost/realmkeeper/pause:1"
	containerdSock = "/run/containerd/containerd.sock" // inside the node's own /run
)

//go:embed files
var files embed.FS

// settings are what the embedded files leave open.
type settings struct {
	State, NodeName, NodeAddress, PodSubnet, PauseImage, CgroupName string

	Snapshotter  string
	HasResolvers bool
}

func newSettings(snapshotter, resolvConf string) settings {
	return settings{
		State: node.State, NodeName: nodeName, NodeAddress: nodeAddress, PodSubnet: podSubnet,
		PauseImage: PauseImage, CgroupName: cgroupName,
		Snapshotter: snapshotter, HasResolvers: strings.Contains(resolvConf, "nameserver"),
	}
}

// render fills in one of the embedded files.
func render(name string, data any) ([]byte, error) {
	text, err := template.New(name).Option("missingkey=error").ParseFS(files, "files/"+name)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := text.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// kubeconfig renders the kubeconfig of the user whose certificate and key are
// called file in the folder pki.
func kubeconfig(pki, file, user string) ([]byte, error) {
	data := map[string]string{"NodeAddress": nodeAddress, "User": user}
	for field, name := range map[string]string{"Authority": "ca.crt", "Certificate": file + ".crt", "Key": file + ".key"} {
		content, err := os.ReadFile(filepath.Join(pki, name))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		data[field] = base64.StdEncoding.EncodeToString(content)
	}
	return render("kubeconfig", data)
}

// resolvers returns the text of the first of the files that names a DNS server
// which pods can reach. A server on the loopback address, such as the stub of
// systemd-resolved, would be the pod itself. No such file is no error: the
// cluster then resolves its own names only.
func resolvers(paths ...string) string {
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var usable strings.Builder
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "nameserver" {
				continue
			}
			if address, err := netip.ParseAddr(fields[1]); err == nil && !address.IsLoopback() {
				fmt.Fprintf(&usable, "nameserver %s\n", address)
			}
		}
		if usable.Len() > 0 {
			return usable.String()
		}
	}
	return ""
}
