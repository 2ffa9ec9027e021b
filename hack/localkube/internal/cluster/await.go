// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/kubectl"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
)

const (
	startTimeout = 3 * time.Minute
	pollInterval = 100 * time.Millisecond
	// hopeless is how often a component may end before it was ever ready.
	hopeless = 3
	logLines = 30
)

// await waits until the components called names are ready. Its error names the
// components that are not, or the one that keeps them from it, and shows the
// ends of their logs.
func (k *Cluster) await(ctx context.Context, names ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		status, alive, err := k.Status()
		if err != nil {
			return err
		}
		if !alive {
			return fmt.Errorf("the node ended\n%s", k.LogEnd("node"))
		}
		for name, now := range status {
			if !now.Ready && now.Exits >= hopeless {
				return fmt.Errorf("%s does not stay up: %s\n%s", name, now.Failure, k.LogEnd(name))
			}
		}
		missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return status[name].Ready })
		if len(missing) == 0 {
			return nil
		}
		if sleep(ctx, pollInterval) != nil {
			return k.notReady(missing, status)
		}
	}
}

// awaitRuntime waits for containerd, also while the node has yet to start.
func (k *Cluster) awaitRuntime(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		status, alive, err := k.Status()
		if err != nil {
			return err
		}
		if alive && status["containerd"].Ready {
			return nil
		}
		if err := sleep(ctx, pollInterval); err != nil {
			return fmt.Errorf("wait for containerd: %w", err)
		}
	}
}

func (k *Cluster) notReady(names []string, status node.Status) error {
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "\n%s is not ready (ended %d times) %s\n%s", name, status[name].Exits, status[name].Failure, k.LogEnd(name))
	}
	return errors.New(strings.TrimSpace(text.String()))
}

// LogEnd returns the last lines of a component's log, for error messages.
func (k *Cluster) LogEnd(component string) string {
	path := k.State("logs", component+".log")
	content, err := os.ReadFile(path)
	if err != nil || len(content) == 0 {
		return "(its log " + path + " is empty)"
	}
	return "the end of " + path + ":\n" + lastLines(string(content), logLines)
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return "  | " + strings.Join(lines, "\n  | ")
}

// Kubectl returns a client of this cluster.
func (k *Cluster) Kubectl() kubectl.Client {
	return kubectl.Client{Program: k.State("bin/kubectl"), Kubeconfig: k.Kubeconfig()}
}

// awaitNode applies what a cluster has besides its components and waits until
// all of them are ready and the node takes pods. DNS and storage cannot become
// ready before they have been given their permissions.
func (k *Cluster) awaitNode(ctx context.Context) error {
	if err := k.await(ctx, "kube-apiserver"); err != nil {
		return err
	}
	addons, err := files.ReadFile("files/addons.yaml")
	if err != nil {
		return fmt.Errorf("read add-ons: %w", err)
	}
	if _, err := k.Kubectl().Run(ctx, addons, "apply", "--server-side", "--filename", "-"); err != nil {
		return err
	}
	var names []string
	for _, component := range plan().Components {
		names = append(names, component.Name)
	}
	if err := k.await(ctx, names...); err != nil {
		return err
	}
	for _, event := range []string{"create", "condition=Ready"} {
		if _, err := k.Kubectl().Run(ctx, nil, "wait", "--for="+event, "node/"+nodeName, "--timeout=60s"); err != nil {
			return fmt.Errorf("%w\n%s", err, k.LogEnd("kubelet"))
		}
	}
	return nil
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
