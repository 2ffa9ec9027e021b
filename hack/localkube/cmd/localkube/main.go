// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command localkube brings up a real one-node Kubernetes from Go modules and
// Debian packages, without Docker and without an image registry, and a realm on it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/assets"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/cluster"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/debian"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/deploy"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/login"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
)

const usage = `usage: localkube <command> [--root <checkout>] [--cluster local|current|kind] [--image <repository>:<tag>]

  up                  start the cluster, deploy, log in
  deploy              bring the cluster's images and the release up to date, wait for the realm
  login               log in to the sample realm and verify the token
  status              say what runs
  down                remove everything that up made
  image               build the project's image as of --version, give it to the local cluster, print its name
  assets              build etcd, kube-apiserver, kubectl and the rest, print their folder
  pause <component>   stop a component of the local cluster in its tracks, such as kubelet
  resume <component>  let it go on
  packages <name>...  install the Debian packages that are missing
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\nlocalkube: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return flag.ErrHelp
	}
	c := console.New(os.Stderr)
	switch {
	case args[0] == "packages":
		return debian.Ensure(ctx, c, args[1:]...)
	case args[0] == "pause" && len(args) == 2:
		return cluster.Pause(args[1])
	case args[0] == "resume" && len(args) == 2:
		return cluster.Resume(args[1])
	case args[0] == cluster.NodeCommand && len(args) == 3:
		return node.Run(ctx, os.Stdin, args[1], args[2])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	root := flags.String("root", "", "the checkout; by default the one around the working folder")
	kind := flags.String("cluster", "local", "local, current (the current kube context) or kind")
	image := flags.String("image", "", "the image to deploy with --cluster current; by default the release's")
	version := flags.String("version", "", "what the image says it is, for image")
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
		return flag.ErrHelp
	}
	checkout, err := findCheckout(*root)
	if err != nil {
		return err
	}
	t, err := chooseTarget(*kind, checkout, *image, c)
	if err != nil {
		return err
	}
	deployment := deploy.Deployment{Root: checkout, Kubectl: t.kubectl(), Console: c}
	signIn := login.Login{
		Root: checkout, Cluster: *kind, State: t.state(), Namespace: deploy.Namespace, Realm: deploy.Realm,
		Kubectl: t.kubectl(), Console: c, Forward: !t.reachable(),
	}
	switch args[0] {
	case "image":
		return offerImage(ctx, t, *version)
	case "assets":
		return printAssets(ctx, checkout, c)
	case "up":
		changed, err := bringUp(ctx, t, deployment)
		if err != nil {
			return err
		}
		if !changed {
			c.Say("Nothing to do: the cluster runs, and its realm is up to date and ready")
			return nil
		}
		return signIn.Run(ctx)
	case "deploy":
		_, err := bringUp(ctx, t, deployment)
		return err
	case "login":
		return signIn.Run(ctx)
	case "status":
		return t.status(ctx)
	case "down":
		return t.down(ctx)
	}
	return flag.ErrHelp
}

// bringUp is safe to repeat: what is as it should be stays as it is. It tells
// whether anything was not.
func bringUp(ctx context.Context, t target, d deploy.Deployment) (changed bool, err error) {
	values, err := t.up(ctx)
	if err != nil {
		return false, err
	}
	changed, err = d.Install(ctx, values, t.stamp())
	if err != nil {
		return false, err
	}
	return changed, d.Console.Step("waiting for realm "+deploy.Namespace+"/"+deploy.Realm, func() error { return d.Await(ctx) })
}

// offerImage is for trying an upgrade.
func offerImage(ctx context.Context, t target, version string) error {
	l, ok := t.(local)
	if !ok {
		return errors.New("image is for the local cluster alone")
	}
	reference, err := l.offer(ctx, version)
	if err != nil {
		return err
	}
	fmt.Println(reference)
	return nil
}

func printAssets(ctx context.Context, root string, c *console.Console) error {
	folder, err := assets.Ensure(ctx, filepath.Join(root, "hack/localkube"), c, func() {})
	if err != nil {
		return err
	}
	fmt.Println(folder)
	return nil
}

// findCheckout returns the absolute path of the checkout at root or, when root
// is empty, of the nearest one above the working folder.
func findCheckout(root string) (string, error) {
	folder, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "hack/localkube/go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if root != "" || parent == folder {
			return "", fmt.Errorf("no checkout of Realmkeeper at %q", folder)
		}
		folder = parent
	}
}
