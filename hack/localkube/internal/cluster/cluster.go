// SPDX-License-Identifier: Apache-2.0

// Package cluster brings the one-node Kubernetes up and takes it down. All it
// makes is either in the checkout's state folder or listed in the record that
// [Down] reads.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
)

// Packages are the Debian packages that the cluster runs on.
func Packages() []string {
	return []string{"containerd", "runc", "containernetworking-plugins", "nftables"}
}

// StateFolder is where in a checkout everything that a cluster leaves on the disk is.
const StateFolder = ".localkube"

// Cluster is the local cluster of one checkout.
type Cluster struct {
	root string
	c    *console.Console
}

// Of returns the cluster of the checkout at root, running or not.
func Of(root string, c *console.Console) *Cluster { return &Cluster{root, c} }

// State returns the path of something in the state folder.
func (k *Cluster) State(elements ...string) string {
	return filepath.Join(append([]string{k.root, StateFolder}, elements...)...)
}

// Kubeconfig is the file with which everyone in the checkout reaches the cluster.
func (k *Cluster) Kubeconfig() string { return k.State("kubeconfig") }

// MayStart tells what would keep Start from starting before anybody has waited
// for a build in vain: a user who is not root, or the cluster of another checkout.
func (k *Cluster) MayStart() error {
	_, err := k.last()
	return err
}

// last is what is recorded of the cluster that runs or ran last, nil if there is
// none. It refuses as MayStart does.
func (k *Cluster) last() (*record, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can start a local cluster: it makes namespaces, mounts and network links")
	}
	last, err := readRecord()
	if err != nil {
		return nil, err
	}
	if last.alive() && last.Root != k.root {
		return nil, fmt.Errorf("the local cluster of another checkout runs: make -C %s down", last.Root)
	}
	return last, nil
}

// Start makes the node from the folder of programs and waits until all its
// components are ready. What is running already stays as it is.
func (k *Cluster) Start(ctx context.Context, programs string) error {
	exclusive, err := onlyOne()
	if err != nil {
		return err
	}
	defer func() { _ = exclusive.Close() }()

	last, err := k.last()
	if err != nil {
		return err
	}
	switch {
	case last.alive():
		return k.awaitNode(ctx)
	case last != nil:
		k.c.Say("The last cluster ended by itself: cleaning up after it")
		if err := removeFromMachine(ctx, last); err != nil {
			return fmt.Errorf("clean up after the last cluster: %w", err)
		}
	}
	if err := refuseNeighbours(); err != nil {
		return err
	}
	if err := k.writeFiles(programs, time.Now()); err != nil {
		return err
	}
	if err := k.startNode(programs); err != nil {
		return err
	}
	return k.awaitNode(ctx)
}

// onlyOne keeps a second up or down from running at the same time. The name is
// the kernel's and leaves no file behind, however the process ends.
func onlyOne() (net.Listener, error) {
	listener, err := net.Listen("unix", "@realmkeeper-localkube")
	if err != nil {
		return nil, fmt.Errorf("another localkube is starting or stopping the cluster right now: %w", err)
	}
	return listener, nil
}

// Status describes the node; ok is false when it does not run.
func (k *Cluster) Status() (status node.Status, ok bool, err error) {
	running, err := readRecord()
	if err != nil || !running.alive() || running.Root != k.root {
		return nil, false, err
	}
	status, err = node.ReadStatus(k.State("status.json"))
	return status, true, err
}
