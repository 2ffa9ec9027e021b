// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
	"golang.org/x/sys/unix"
)

// writeFiles fills the state folder with what the components read.
func (k *Cluster) writeFiles(programs string, now time.Time) error {
	for _, folder := range []string{"bin", "cni", "config", "containerd", "etcd", "kubelet", "logs", "pki", "pod-logs", "volumes"} {
		if err := os.MkdirAll(k.State(folder), 0o700); err != nil {
			return fmt.Errorf("create state folder: %w", err)
		}
	}
	if err := issueCertificates(k.State("pki"), now); err != nil {
		return err
	}
	dns := resolvers("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
	data := newSettings(snapshotterFor(k.State()), dns)
	contents := map[string][]byte{"config/resolv.conf": []byte(dns)}
	for name, folder := range map[string]string{
		"containerd.toml": "config", "kubelet.yaml": "config", "kube-proxy.yaml": "config", "Corefile": "config",
		"authentication.yaml": "config", filepath.Base(node.Resolvers): "config",
		"10-localkube.conflist": "cni",
	} {
		content, err := render(name, data)
		if err != nil {
			return err
		}
		contents[filepath.Join(folder, name)] = content
	}
	for name, user := range users {
		content, err := kubeconfig(k.State("pki"), name, user.Name)
		if err != nil {
			return err
		}
		contents["config/"+name+".kubeconfig"] = content
	}
	contents["kubeconfig"] = contents["config/admin.kubeconfig"]
	for name, content := range contents {
		if err := os.WriteFile(k.State(name), content, 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	if err := os.Remove(k.State("status.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget old status: %w", err)
	}
	if err := node.WritePlan(k.State("plan.json"), plan()); err != nil {
		return err
	}
	_ = os.Remove(k.State("bin/kubectl"))
	if err := os.Symlink(filepath.Join(programs, "kubectl"), k.State("bin/kubectl")); err != nil {
		return fmt.Errorf("link kubectl: %w", err)
	}
	return nil
}

// snapshotterFor chooses how containerd layers images: overlays do not stack
// on a checkout that is in an overlay itself.
func snapshotterFor(folder string) string {
	var stat unix.Statfs_t
	if unix.Statfs(folder, &stat) == nil && stat.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native"
	}
	return "overlayfs"
}

// startNode changes the machine and starts the node's first process, recording
// each before it happens. When this process dies half-way the node gets no
// permission and ends.
func (k *Cluster) startNode(programs string) error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	r := &record{Root: k.root, Boot: boot, Kernel: readKernelSettings()}
	if err := r.write(); err != nil {
		return err
	}
	if err := errors.Join(makeNetwork(), makeControlGroups()); err != nil {
		return err
	}
	log, err := os.OpenFile(k.State("logs/node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log of the node: %w", err)
	}
	defer func() { _ = log.Close() }()

	cmd := exec.Command("/proc/self/exe", NodeCommand, k.State(), programs)
	cmd.Args[0] = "localkube"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	permission, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("make pipe to the node: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the node in namespaces of its own: %w", err)
	}
	r.PID = cmd.Process.Pid
	if r.StartTime, err = startTime(r.PID); err != nil {
		return err
	}
	if err := r.write(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // collects the node should it end before this process does
	if _, err := permission.Write([]byte{1}); err != nil {
		return fmt.Errorf("permit the node to start: %w", err)
	}
	return nil
}

// NodeCommand is the argument with which this program, started again, becomes
// the node: <program> node <state folder> <folder of programs>.
const NodeCommand = "node"

// refuseNeighbours finds what would quarrel with the cluster: addresses in its
// ranges and another kube-proxy, whose rules carry the same names as ours.
func refuseNeighbours() error {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	for _, used := range interfaces {
		prefix, err := netip.ParsePrefix(used.String())
		if err != nil {
			continue
		}
		for _, ours := range []string{podSubnet, serviceSubnet} {
			if netip.MustParsePrefix(ours).Overlaps(prefix) {
				return fmt.Errorf("the machine already uses %s, and the local cluster needs %s", prefix, ours)
			}
		}
	}
	if exec.Command("nft", "list", "table", "ip", "kube-proxy").Run() == nil {
		return errors.New("a kube-proxy runs on this machine: it is part of another cluster, and a second one would break it; use --cluster current")
	}
	return nil
}
