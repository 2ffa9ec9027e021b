// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/assets"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/cluster"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/debian"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/image"
	"golang.org/x/sync/errgroup"
)

// up starts the cluster and gives it its images. What does not depend on
// each other happens at the same time, except that Go builds wait for one
// another: two at once would compile the packages they share twice.
func up(ctx context.Context, root string, k *cluster.Cluster, c *console.Console) error {
	packages := append(cluster.Packages(), image.Packages()...)
	if err := debian.Ensure(ctx, c, append(packages, "curl")...); err != nil {
		return err
	}
	programs, err := assets.Ensure(ctx, filepath.Join(root, "hack/localkube"), c)
	if err != nil {
		return err
	}
	cache, err := assets.Cache()
	if err != nil {
		return err
	}
	images := filepath.Join(cache, "images")
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		return c.Step("starting Kubernetes", func() error {
			return k.Start(ctx, programs)
		})
	})
	for name, build := range map[string]func(context.Context, string) (image.Archive, error){
		"PostgreSQL": image.PostgreSQL, "Redis": image.Redis,
	} {
		work.Go(func() error {
			return c.Step("image of "+name, func() error {
				archive, err := build(ctx, images)
				if err != nil {
					return err
				}
				return k.Import(ctx, archive)
			})
		})
	}
	work.Go(func() error {
		archive, err := image.Pause(cluster.PauseImage, filepath.Join(programs, "pause"), images)
		if err != nil {
			return err
		}
		return k.Import(ctx, archive)
	})
	return work.Wait()
}
