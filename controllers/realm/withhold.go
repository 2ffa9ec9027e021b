// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// withhold leaves out the Deployment when its pods could only wait for something to
// mount, and the StatefulSet when there are no keys for what it will hold. One that
// exists goes on.
func (r *reconciler) withhold(ctx context.Context, g *gathered) (render.Inputs, []*conditions.Failure, error) {
	in, names := g.inputs, render.NamesOf(g.inputs.Realm)
	var failures []*conditions.Failure
	absent := func(kind, name string) (bool, error) {
		existing, err := r.applier.Metadata(ctx, in.Realm.Namespace, render.Reference{Kind: appsv1.SchemeGroupVersion.WithKind(kind), Name: name})
		failure, err := g.classify(err)
		if failure != nil {
			failures = append(failures, failure)
		}
		return existing == nil, err
	}
	var err error
	if g.lacksForServer() {
		if in.WithoutServer, err = absent("Deployment", names.Server()); err != nil {
			return in, nil, err
		}
	}
	if render.ManagesDatabase(in.Realm) && (len(in.EncryptionKeys) == 0 || in.Database.Password == "") {
		if in.WithoutDatabase, err = absent("StatefulSet", names.Database()); err != nil {
			return in, nil, err
		}
	}
	in.WithoutReplicas, err = r.handOver(ctx, in.Realm)
	failure, err := g.classify(err)
	if failure != nil {
		in.WithoutServer = true // applied, it would fall back to one pod
		failures = append(failures, failure)
	}
	return in, failures, err
}

// lacksForServer reports whether a new pod would wait for something to mount.
func (g gathered) lacksForServer() bool {
	in := g.inputs
	return g.database.failure != nil || g.cache.failure != nil || g.certificate.absent || g.settings.absent ||
		len(in.Keyset) == 0 || len(in.EncryptionKeys) == 0 || in.Admin.Password == ""
}

// skips reports whether objects of a kind are left alone: there is none, or nobody
// knows.
func (g gathered) skips(kind schema.GroupVersionKind) bool {
	return g.lacking("", "", kind) != nil
}
