// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// kernelSettings are the files below /proc/sys that the kubelet and up change.
var kernelSettings = [...]string{
	"kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"vm/overcommit_memory", "vm/panic_on_oom", "net/ipv4/ip_forward",
}

func readKernelSettings() map[string]string {
	values := map[string]string{}
	for _, name := range kernelSettings {
		// Not every kernel has every setting, and what is not there needs no restoring.
		if content, err := os.ReadFile("/proc/sys/" + name); err == nil {
			values[name] = strings.TrimSpace(string(content))
		}
	}
	return values
}

func restoreKernelSettings(values map[string]string) error {
	var failures error
	for name, value := range values {
		path := "/proc/sys/" + name
		if current, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(current)) == value {
			continue
		}
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			failures = errors.Join(failures, fmt.Errorf("restore kernel setting: %w", err))
		}
	}
	return failures
}

// makeNetwork gives the node its address and lets pods out. The address sits
// on a bridge without ports, because not every kernel has dummy devices and a
// node's address must not be the loopback one. Pods hang on links of their own
// and are routed, so that replies of Services pass the kernel's translation
// without bridge filtering.
func makeNetwork() error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridgeName
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attributes}); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("create bridge %s: %w", bridgeName, err)
	}
	bridge, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return fmt.Errorf("find bridge %s: %w", bridgeName, err)
	}
	address, err := netlink.ParseAddr(nodeAddress + "/32")
	if err != nil {
		return fmt.Errorf("parse node address: %w", err)
	}
	if err := netlink.AddrReplace(bridge, address); err != nil {
		return fmt.Errorf("set node address: %w", err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("set bridge up: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return fmt.Errorf("switch on forwarding: %w", err)
	}
	return nft(fmt.Sprintf(`add table ip %[1]s
delete table ip %[1]s
table ip %[1]s {
	chain leave {
		type nat hook postrouting priority srcnat
		ip saddr %[2]s ip daddr != { %[2]s, %[3]s } masquerade
	}
}
`, nftablesTable, podSubnet, serviceSubnet))
}

// removeNetwork undoes makeNetwork and deletes the tables of kube-proxy. The
// links of pods went with the pods' namespaces.
func removeNetwork() error {
	var failures error
	if bridge, err := netlink.LinkByName(bridgeName); err == nil {
		failures = deleteLink(bridge)
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return failures // then no table was made either
	}
	// Adding first makes deleting succeed whether or not the table exists.
	for _, table := range []string{"ip " + nftablesTable, "ip kube-proxy", "ip6 kube-proxy"} {
		failures = errors.Join(failures, nft("add table "+table+"\ndelete table "+table+"\n"))
	}
	return failures
}

// removePodLinks deletes the host's ends of pods' links, which all carry the
// node's address. The kernel does so itself when a pod's network has ended, but
// a connection that nobody has taken leave of keeps that alive for minutes.
func removePodLinks() error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("list network links: %w", err)
	}
	var failures error
	for _, link := range links {
		addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err != nil {
			continue // gone since it was listed
		}
		for _, address := range addresses {
			if link.Type() == "veth" && address.IPNet.String() == nodeAddress+"/32" {
				failures = errors.Join(failures, deleteLink(link))
			}
		}
	}
	return failures
}

func deleteLink(link netlink.Link) error {
	if err := netlink.LinkDel(link); err != nil {
		return fmt.Errorf("delete link %s: %w", link.Attrs().Name, err)
	}
	return nil
}

func nft(rules string) error {
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("load nftables rules: %w\n%s", err, out)
	}
	return nil
}

// cgroupRoots returns the folder of the node's control group in every
// hierarchy: one per controller with cgroup v1, just one with v2.
func cgroupRoots() []string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return []string{filepath.Join("/sys/fs/cgroup", cgroupName)}
	}
	hierarchies, _ := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	var roots []string
	for _, processes := range hierarchies {
		roots = append(roots, filepath.Join(filepath.Dir(processes), cgroupName))
	}
	return roots
}

// makeControlGroups makes the group below which the kubelet puts all pods.
func makeControlGroups() error {
	for _, root := range cgroupRoots() {
		if err := os.MkdirAll(root, 0o755); err != nil {
			return fmt.Errorf("create control group: %w", err)
		}
	}
	return nil
}

// removeControlGroups deletes the groups, the deepest first. Their files
// cannot be deleted, only the folders, and only when no process is in them.
func removeControlGroups() error {
	var failures error
	for _, root := range cgroupRoots() {
		var folders []string
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil // a root that does not exist has no folders
		})
		for i := len(folders) - 1; i >= 0; i-- {
			if err := os.Remove(folders[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failures = errors.Join(failures, fmt.Errorf("remove control group: %w", err))
			}
		}
	}
	return failures
}
