// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/assets"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/cluster"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/debian"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/deploy"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/image"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/kubectl"
	"golang.org/x/sync/errgroup"
)

// local is the one-node cluster that this program makes.
type local struct {
	root    string
	cluster *cluster.Cluster
	console *console.Console
}

func (l local) kubectl() kubectl.Client { return l.cluster.Kubectl() }
func (local) state() string             { return cluster.StateFolder }
func (local) reachable() bool           { return true }
func (l local) stamp() string           { return l.cluster.State("installed") }

func (l local) down(ctx context.Context) error { return l.cluster.Down(ctx) }

// up starts the cluster, gives it its images, and returns the chart values
// that name them. What does not depend on each other happens at the same time,
// except that other programs wait until Kubernetes is compiled: compiled at the
// same time, the packages they share would be compiled twice.
func (l local) up(ctx context.Context) (map[string]string, error) {
	if err := l.cluster.MayStart(); err != nil {
		return nil, err
	}
	images, err := imageCache()
	if err != nil {
		return nil, err
	}
	var (
		postgres, redis   image.Archive
		project           image.Archive
		programs          string
		installed         = make(chan struct{}) // closed when the Debian packages are
		compiled          = make(chan struct{}) // closed when Kubernetes is, at the latest when it is built
		built             = make(chan struct{}) // closed when programs is set, and the node about to start
		work, workContext = errgroup.WithContext(ctx)
	)
	packages := slices.Concat(cluster.Packages(), image.Packages(), []string{"curl"})
	outlasting := ctx // whatever else fails, nobody ends dpkg halfway
	work.Go(func() error {
		if err := debian.Ensure(outlasting, l.console, packages...); err != nil {
			return err
		}
		close(installed)
		return nil
	})
	ctx = workContext
	after := func(done <-chan struct{}, do func() error) {
		work.Go(func() error {
			if err := await(ctx, done); err != nil {
				return err
			}
			return do()
		})
	}
	work.Go(func() (err error) {
		isCompiled := sync.OnceFunc(func() { close(compiled) })
		programs, err = assets.Ensure(ctx, filepath.Join(l.root, "hack/localkube"), l.console, isCompiled)
		if err != nil {
			return err
		}
		isCompiled()
		if err := await(ctx, installed); err != nil {
			return err
		}
		close(built)
		return nil
	})
	after(built, func() error {
		return l.console.Step("starting Kubernetes", func() error {
			pause, err := image.Pause(cluster.PauseImage, filepath.Join(programs, "pause"), images)
			if err != nil {
				return err
			}
			imported, ctx := errgroup.WithContext(ctx)
			imported.Go(func() error { return l.cluster.Start(ctx, programs) })
			imported.Go(func() error { return l.cluster.Import(ctx, pause) })
			return imported.Wait()
		})
	})
	after(installed, func() error {
		return l.step(ctx, built, "PostgreSQL's image", &postgres, func() (image.Archive, error) { return image.PostgreSQL(ctx, images) })
	})
	after(installed, func() error {
		return l.step(ctx, built, "Redis's image", &redis, func() (image.Archive, error) { return image.Redis(ctx, images) })
	})
	after(compiled, func() error {
		return l.step(ctx, built, "building the project's image", &project, func() (image.Archive, error) { return image.Project(ctx, l.root, images, "") })
	})
	after(compiled, func() error {
		return l.console.Step("building Helm", func() error {
			_, err := deploy.Helm(ctx, l.root)
			return err
		})
	})
	if err := work.Wait(); err != nil {
		return nil, err
	}
	name, tag, _ := strings.Cut(project.Reference, ":")
	return map[string]string{
		"image.repository": name, "image.tag": tag,
		"managedImages.postgres": postgres.Reference, "managedImages.redis": redis.Reference,
		// Whatever a realm here is tried out with is on this machine.
		"allowed.privateNetworks": "true",
	}, nil
}

// offer builds the project's image as of another version, gives it to the node
// that runs, and returns its name.
func (l local) offer(ctx context.Context, version string) (string, error) {
	images, err := imageCache()
	if err != nil {
		return "", err
	}
	made, err := image.Project(ctx, l.root, images, version)
	if err != nil {
		return "", err
	}
	return made.Reference, l.cluster.Import(ctx, made)
}

// step makes an image and, when the node can take it, imports it. Programs may
// be built for minutes before the node even starts, which is no reason to give up.
func (l local) step(ctx context.Context, built <-chan struct{}, name string, made *image.Archive, build func() (image.Archive, error)) error {
	err := l.console.Step(name, func() (err error) {
		*made, err = build()
		return err
	})
	if err != nil {
		return err
	}
	if err := await(ctx, built); err != nil {
		return err
	}
	return l.cluster.Import(ctx, *made)
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l local) status(context.Context) error {
	status, running, err := l.cluster.Status()
	if err != nil {
		return err
	}
	if !running {
		return errors.New("the local cluster does not run: make up")
	}
	for _, name := range slices.Sorted(maps.Keys(status)) {
		state := "ready"
		if !status[name].Ready {
			state = "not ready " + status[name].Failure
		}
		fmt.Printf("%-24s %s, ended %d times\n", name, state, status[name].Exits)
	}
	return nil
}
