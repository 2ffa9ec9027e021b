// SPDX-License-Identifier: Apache-2.0

// Package deploy installs the chart on a cluster, applies the sample realm and
// stays until the realm is ready.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/kubectl"
)

// What is deployed, and where.
const (
	Release           = "realmkeeper"
	OperatorNamespace = "realmkeeper-system"
	Namespace         = "identity"
	Realm             = "quickstart"

	sample       = "config/samples/quickstart.yaml"
	chart        = "charts/realmkeeper"
	readyTimeout = 4 * time.Minute
	pollInterval = time.Second
)

// Deployment is one installation on one cluster.
type Deployment struct {
	Root    string // the checkout
	Kubectl kubectl.Client
	Console *console.Console
}

// Install makes the release what the chart and values say, unless stamp names
// a file that says it is that already, and applies the sample. An empty stamp
// always installs. It tells whether there was anything to install.
func (d Deployment) Install(ctx context.Context, values map[string]string, stamp string) (changed bool, err error) {
	wanted, err := fingerprint(d.Root, values)
	if err != nil {
		return false, err
	}
	if installed, err := os.ReadFile(stamp); err == nil && string(installed) == wanted {
		return false, nil
	}
	if err := d.install(ctx, values); err != nil {
		return false, err
	}
	if stamp == "" {
		return true, nil
	}
	if err := os.WriteFile(stamp, []byte(wanted), 0o600); err != nil {
		return false, fmt.Errorf("note what is installed: %w", err)
	}
	return true, nil
}

func (d Deployment) install(ctx context.Context, values map[string]string) error {
	args := []string{"upgrade", "--install", Release, chart, "--namespace", OperatorNamespace, "--create-namespace"}
	for name, value := range values {
		set := "--set-string" // a tag may look like a number
		if value == "true" || value == "false" {
			set = "--set"
		}
		args = append(args, set, name+"="+value)
	}
	if err := d.Console.Step("installing the chart", func() error { return d.helm(ctx, args...) }); err != nil {
		return err
	}
	for _, step := range [][]string{
		{"wait", "--for=condition=Established", "crd/authrealms.auth.realmkeeper.io", "--timeout=60s"},
		{"apply", "--server-side", "--filename", filepath.Join(d.Root, sample)},
	} {
		if _, err := d.Kubectl.Run(ctx, nil, step...); err != nil {
			return err
		}
	}
	return d.Console.Step("waiting for the operator", func() error { return d.awaitOperator(ctx) })
}

// awaitOperator waits for the operator that was just installed. A realm may be
// ready from before, and only that operator can tell whether it is ready now.
func (d Deployment) awaitOperator(ctx context.Context) error {
	_, err := d.Kubectl.Run(ctx, nil, "rollout", "status", "deployment/"+Release,
		"--namespace", OperatorNamespace, "--timeout", readyTimeout.String())
	if err != nil {
		return fmt.Errorf("the operator did not come up: %w\n%s", err, d.evidence()) //nolint:contextcheck // ctx may have ended
	}
	return nil
}

// Uninstall removes the realm and the release. Namespaces and kinds stay,
// because others may use them.
func (d Deployment) Uninstall(ctx context.Context) error {
	if _, err := d.Kubectl.Run(ctx, nil, "delete", "authrealm/"+Realm, "--namespace", Namespace, "--ignore-not-found", "--timeout=60s"); err != nil {
		return err
	}
	return d.helm(ctx, "uninstall", Release, "--namespace", OperatorNamespace, "--ignore-not-found")
}

// helm runs the version of Helm that hack/tools pins.
func (d Deployment) helm(ctx context.Context, args ...string) error {
	program, err := Helm(ctx, d.Root)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = d.Root, d.Kubectl.Environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// Helm builds Helm if need be and returns the path of the program.
func Helm(ctx context.Context, root string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "hack", "tools.sh"), "helm")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build helm: %w\n%s", err, complaints.String())
	}
	return strings.TrimSpace(string(path)), nil
}

// Await reports progress until the realm is ready. When it does not become
// ready in time, the error shows events, pods and the ends of their logs.
func (d Deployment) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var last snapshot
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		now, err := d.observe(ctx)
		if err == nil {
			for _, line := range changes(last, now) {
				d.Console.Say("  %s", line)
			}
			if now.ready() {
				return nil
			}
			last = now
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("the realm did not become ready: %w\n%s", errors.Join(context.Cause(ctx), err), d.evidence()) //nolint:contextcheck // ctx has ended
		}
	}
}

// evidence collects what a person would look at first.
func (d Deployment) evidence() string {
	// The caller's context has ended, and its end is the reason for looking.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var text strings.Builder
	show := func(args ...string) []byte {
		out, err := d.Kubectl.Run(ctx, nil, args...)
		if err != nil {
			out = append(out, err.Error()...)
		}
		fmt.Fprintf(&text, "\n$ kubectl %s\n%s", strings.Join(args, " "), out)
		return out
	}
	show("--namespace", Namespace, "get", "authrealms", "--output=wide")
	for _, namespace := range []string{OperatorNamespace, Namespace} {
		show("--namespace", namespace, "get", "events", "--sort-by=.lastTimestamp")
		pods := show("--namespace", namespace, "get", "pods", "--output=name")
		for _, pod := range slices.Sorted(strings.FieldsSeq(string(pods))) {
			show("--namespace", namespace, "logs", pod, "--all-containers", "--prefix", "--tail=30")
		}
	}
	return text.String()
}
