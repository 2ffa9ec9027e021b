// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/image"
)

// Import gives the node the image unless it has one of that name already.
func (k *Cluster) Import(ctx context.Context, archive image.Archive) error {
	if err := k.awaitRuntime(ctx); err != nil {
		return err
	}
	names, err := k.ctr(ctx, nil, "images", "list", "--quiet")
	if err != nil {
		return err
	}
	if slices.Contains(strings.Fields(string(names)), archive.Reference) {
		return nil
	}
	file, err := os.Open(archive.Path)
	if err != nil {
		return fmt.Errorf("open image: %w", err)
	}
	defer func() { _ = file.Close() }()
	_, err = k.ctr(ctx, file, "images", "import", "-")
	return err
}

// ctr runs containerd's client inside the node, the only place that sees
// containerd's socket.
func (k *Cluster) ctr(ctx context.Context, stdin *os.File, args ...string) ([]byte, error) {
	running, err := readRecord()
	if err != nil {
		return nil, err
	}
	if !running.alive() {
		return nil, fmt.Errorf("the node does not run\n%s", k.LogEnd("node"))
	}
	enter := []string{"--target", strconv.Itoa(running.PID), "--mount", "--",
		"ctr", "--address", containerdSock, "--namespace", "k8s.io"}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ctr %s: %w\n%s\n%s", strings.Join(args, " "), err, out, k.LogEnd("containerd"))
	}
	return out, nil
}
