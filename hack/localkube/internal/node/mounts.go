// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// hidden are the folders that programs of the node write to without a setting
// to move them: containerd's shims and sockets, the kubelet's device plugins,
// the results of CNI plugins, links to container logs.
var hidden = [...]string{"/run", "/var/lib", "/var/log"}

// isolate gives this process, alone in a new mount namespace, its own view of
// the file system. Mounts of the machine still arrive; ours stay here.
func isolate(state, programs string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("detach mounts from the machine's: %w", err)
	}
	// Shared among the node's own processes, as the kubelet wants it.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts inside the node: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// Followed before anything is hidden: on many machines it is a link below /run.
	resolvers, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find the machine's resolvers: %w", err)
	}
	// Opened before anything is hidden, because the checkout may be below.
	folders := map[string]*os.File{}
	for target, source := range map[string]string{State: state, Programs: programs} {
		folder, err := os.Open(source)
		if err != nil {
			return fmt.Errorf("open node folder: %w", err)
		}
		defer func() { _ = folder.Close() }()
		folders[target] = folder
	}
	for _, path := range hidden {
		if err := unix.Mount("tmpfs", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("hide %s: %w", path, err)
		}
	}
	for target, folder := range folders {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return fmt.Errorf("create mount point: %w", err)
		}
		source := fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
		if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("bind %s: %w", target, err)
		}
	}
	return replaceResolvers(resolvers)
}

// replaceResolvers lets programs of the node find Services by their names, as a real API server
// finds whom the DNS around it knows: it asks issuers for their keys. On a machine without the
// file at path there is none to replace, and a new one would stay.
func replaceResolvers(path string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("replace resolvers: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return fmt.Errorf("replace resolvers: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := unix.Mount(Resolvers, path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("replace resolvers: %w", err)
	}
	return nil
}
