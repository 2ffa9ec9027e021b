// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"cmp"
	"context"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get

// mayGenerateEncryptionKeys returns a failure when a realm that has run has no
// encryption keys any more, unless a person gives up what those sealed.
func (r *reconciler) mayGenerateEncryptionKeys(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	newest, err := r.newest(ctx, s) // which may name keys that there were
	if err != nil {
		return err
	}
	lost := cmp.Or(newest.Status.EncryptionKeys, string(newest.UID))
	if newest.Annotations[v1alpha1.NewEncryptionKeysAnnotation] == lost {
		return nil
	}
	ran, err := r.hasRun(ctx, newest)
	if err != nil || !ran {
		return err
	}
	return conditions.NewFailure(v1alpha1.ReasonKeysLost, "Secret %q is gone, and with it the keys to every second factor in the database; "+
		"pods that run go on, and no new one starts. Restore it from a backup. If there is none, give the second factors up: %s",
		render.NamesOf(realm).EncryptionKeys(), secrets.GiveUpCommand(realm, v1alpha1.NewEncryptionKeysAnnotation, lost))
}

// hasRun reports whether there may be something that only the realm's encryption
// keys open. No workload is made before there are keys, so that any tells of some;
// a volume that stays tells of an earlier realm of the name.
func (r *reconciler) hasRun(ctx context.Context, realm *v1alpha1.AuthRealm) (bool, error) {
	if realm.Status.EncryptionKeys != "" {
		return true, nil
	}
	names := render.NamesOf(realm)
	server, err := r.applier.Metadata(ctx, realm.Namespace, render.Reference{Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: names.Server()})
	if err != nil || server != nil && ownership.Belongs(realm, server) {
		return err == nil, err
	}
	if !render.ManagesDatabase(realm) {
		return false, nil
	}
	// Claims are not watched: their number is the cluster's.
	claim, err := r.applier.LiveMetadata(ctx, realm.Namespace, render.Reference{
		Kind: corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"), Name: names.DatabaseClaim(),
	})
	return err == nil && claim != nil && claim.DeletionTimestamp == nil, err
}

// firstEncryptionKeys makes a realm's first key for secrets at rest.
func firstEncryptionKeys(random io.Reader) ([]byte, error) {
	material := make(realmconfig.KeyBytes, realmconfig.EncryptionKeyBytes)
	if _, err := io.ReadFull(random, material); err != nil {
		return nil, fmt.Errorf("draw encryption key: %w", err)
	}
	const id = "1"
	return realmconfig.Encode(realmconfig.EncryptionKeys{
		Version: realmconfig.Version,
		Primary: id,
		Keys:    []realmconfig.EncryptionKey{{ID: id, Key: material}},
	})
}
