// SPDX-License-Identifier: Apache-2.0

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
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"
)

const usage = `usage: localkube <command> [flags]

  assets              build etcd, kube-apiserver, kubectl and the rest, print their folder
  packages <name>...  install the Debian packages that are missing
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nlocalkube: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return flag.ErrHelp
	}
	c := console.New(os.Stderr)
	if args[0] == "packages" {
		return debian.Ensure(ctx, c, args[1:]...)
	}
	if args[0] == cluster.NodeCommand && len(args) == 3 {
		return node.Run(ctx, os.Stdin, args[1], args[2])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	root := flags.String("root", "", "the checkout; by default the one around the working folder")
	if err := flags.Parse(args[1:]); err != nil {
		return flag.ErrHelp
	}
	checkout, err := findCheckout(*root)
	if err != nil {
		return err
	}
	k := cluster.Of(checkout, c)
	switch args[0] {
	case "up":
		return up(ctx, checkout, k, c)
	case "down":
		return k.Down(ctx)
	case "assets":
		folder, err := assets.Ensure(ctx, filepath.Join(checkout, "hack/localkube"), c)
		if err != nil {
			return err
		}
		fmt.Println(folder)
		return nil
	}
	return flag.ErrHelp
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
