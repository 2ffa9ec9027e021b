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
func (r *reconciler) withhold(ctx context.Context, s *scope) (render.Inputs, []*conditions.Failure, error) {
	in, names := s.inputs, render.NamesOf(s.inputs.Realm)
	var failures []*conditions.Failure
	absent := func(kind, name string) (bool, error) {
		existing, err := r.applier.Metadata(ctx, in.Realm.Namespace, render.Reference{Kind: appsv1.SchemeGroupVersion.WithKind(kind), Name: name})
		failure, err := s.classify(err)
		if failure != nil {
			failures = append(failures, failure)
		}
		return existing == nil, err
	}
	var err error
	if s.lacksMounts() && !in.WithoutServer {
		if in.WithoutServer, err = absent("Deployment", names.Server()); err != nil {
			return in, nil, err
		}
	}
	if render.ManagesDatabase(in.Realm) && !in.WithoutDatabase && (len(in.EncryptionKeys) == 0 || in.Database.Password == "") {
		if in.WithoutDatabase, err = absent("StatefulSet", names.Database()); err != nil {
			return in, nil, err
		}
	}
	in.WithoutReplicas, err = r.handOverReplicas(ctx, in.Realm)
	failure, err := s.classify(err)
	if failure != nil {
		in.WithoutServer = true // applied, it would fall back to one pod
		failures = append(failures, failure)
	}
	return in, failures, err
}

// lacksMounts reports whether a new pod would wait for something to mount.
func (s scope) lacksMounts() bool {
	in := s.inputs
	return s.database.failure != nil || s.cache.failure != nil || s.certificate.absent || s.settings.absent ||
		len(in.Keyset)+len(in.EarlierKeyset) == 0 || len(in.EncryptionKeys) == 0 || in.Admin.Password == ""
}

// skipsKind reports whether objects of a kind are left alone: there is none, or nobody
// knows.
func (s scope) skipsKind(kind schema.GroupVersionKind) bool {
	return s.missingKind("", "", kind) != nil
}
