// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/assets"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/cluster"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/deploy"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/image"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/kubectl"
)

// target is a kind of cluster to deploy to.
type target interface {
	// up makes sure that the cluster runs and has the images that the chart
	// values it returns name.
	up(ctx context.Context) (values map[string]string, err error)
	// down removes what up and deploying made.
	down(ctx context.Context) error
	status(ctx context.Context) error
	kubectl() kubectl.Client
	// state is the folder of the checkout that is this target's alone.
	state() string
	// reachable tells whether this machine reaches the cluster's Services.
	reachable() bool
	// stamp is the file that remembers what is installed; empty to always ask.
	stamp() string
}

func chooseTarget(kind, root, img string, c *console.Console) (target, error) {
	switch kind {
	case "local":
		return local{root, cluster.Of(root, c), c}, nil
	case "current":
		return current{root, img, c}, nil
	case "kind":
		return kindCluster{root, c}, nil
	}
	return nil, fmt.Errorf("there is no kind of cluster called %q: choose local, current or kind", kind)
}

// current is whatever the user's kube context points at. It runs the release's
// public images unless the user names another.
type current struct {
	root, image string
	console     *console.Console
}

func (t current) kubectl() kubectl.Client { return kubectl.Client{Program: "kubectl"} }
func (current) state() string             { return cluster.StateFolder + "-current" }
func (current) reachable() bool           { return false }
func (current) stamp() string             { return "" }

func (t current) up(ctx context.Context) (map[string]string, error) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		return nil, fmt.Errorf("--cluster current needs kubectl: %w", err)
	}
	context, err := t.kubectl().Run(ctx, nil, "config", "current-context")
	if err != nil {
		return nil, err
	}
	t.console.Say("Deploying to the cluster of context %s", strings.TrimSpace(string(context)))
	return imageValues(t.image)
}

func (t current) down(ctx context.Context) error {
	if err := (deploy.Deployment{Root: t.root, Kubectl: t.kubectl(), Console: t.console}).Uninstall(ctx); err != nil {
		return err
	}
	if err := forget(t.root, t); err != nil {
		return err
	}
	t.console.Say("Removed the realm and the release. The namespaces and the kinds stay.")
	return nil
}

func (t current) status(ctx context.Context) error { return showRealms(ctx, t.kubectl()) }

// forget deletes what a target keeps in the checkout.
func forget(root string, t target) error {
	if err := os.RemoveAll(filepath.Join(root, t.state())); err != nil {
		return fmt.Errorf("delete state folder: %w", err)
	}
	return nil
}

// imageCache returns the folder in which images are kept for all clusters.
func imageCache() (string, error) {
	cache, err := assets.Cache()
	if err != nil {
		return "", err
	}
	images := filepath.Join(cache, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return "", fmt.Errorf("create cache of images: %w", err)
	}
	return images, nil
}

// imageValues splits an image reference into chart values. None means the
// chart's own.
func imageValues(reference string) (map[string]string, error) {
	if reference == "" {
		return nil, nil
	}
	// A colon before the last slash belongs to the registry's port.
	at := strings.LastIndexByte(reference, ':')
	if at < strings.LastIndexByte(reference, '/') || strings.Contains(reference, "@") {
		return nil, errors.New("--image must be <repository>:<tag>")
	}
	return map[string]string{"image.repository": reference[:at], "image.tag": reference[at+1:]}, nil
}

// kindCluster is a cluster of kind, made when missing. Its kubeconfig lies in
// the checkout, beside that of the local cluster.
type kindCluster struct {
	root    string
	console *console.Console
}

const kindName = "realmkeeper"

func (kindCluster) state() string        { return cluster.StateFolder + "-kind" }
func (t kindCluster) kubeconfig() string { return filepath.Join(t.root, t.state(), "kubeconfig") }

func (t kindCluster) kubectl() kubectl.Client {
	return kubectl.Client{Program: "kubectl", Kubeconfig: t.kubeconfig()}
}
func (kindCluster) reachable() bool { return false }
func (kindCluster) stamp() string   { return "" }

func (t kindCluster) up(ctx context.Context) (map[string]string, error) {
	for _, program := range []string{"docker", "kind", "kubectl"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("--cluster kind needs %s: %w", program, err)
		}
	}
	existing, err := runKind(ctx, "get", "clusters")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(t.kubeconfig()), 0o700); err != nil {
		return nil, fmt.Errorf("create state folder: %w", err)
	}
	verb := []string{"create", "cluster", "--wait=120s"}
	if slices.Contains(strings.Fields(existing), kindName) {
		verb = []string{"export", "kubeconfig"}
	}
	if err := t.console.Step("starting kind", func() error {
		_, err := runKind(ctx, append(verb, "--name="+kindName, "--kubeconfig="+t.kubeconfig())...)
		return err
	}); err != nil {
		return nil, err
	}
	images, err := imageCache()
	if err != nil {
		return nil, err
	}
	var project image.Archive
	if err := t.console.Step("building the project's image", func() (err error) {
		project, err = image.Project(ctx, t.root, images, "")
		return err
	}); err != nil {
		return nil, err
	}
	if err := t.console.Step("loading the project's image", func() error {
		_, err := runKind(ctx, "load", "image-archive", project.Path, "--name="+kindName)
		return err
	}); err != nil {
		return nil, err
	}
	return imageValues(project.Reference)
}

func (t kindCluster) down(ctx context.Context) error {
	if _, err := runKind(ctx, "delete", "cluster", "--name="+kindName, "--kubeconfig="+t.kubeconfig()); err != nil {
		return err
	}
	if err := forget(t.root, t); err != nil {
		return err
	}
	t.console.Say("The kind cluster is gone")
	return nil
}

func (t kindCluster) status(ctx context.Context) error { return showRealms(ctx, t.kubectl()) }

func runKind(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "kind", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kind %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func showRealms(ctx context.Context, k kubectl.Client) error {
	for _, what := range [][]string{{"authrealms"}, {"pods", "--selector=app.kubernetes.io/managed-by=realmkeeper"}} {
		out, err := k.Run(ctx, nil, append([]string{"get", "--all-namespaces"}, what...)...)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", out)
	}
	return nil
}
