// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// generated is one of the realm's own Secrets, whose content is drawn once.
type generated struct {
	name string
	kind corev1.SecretType
	draw func() (map[string][]byte, error)

	// may is asked before a Secret is made where there is none, nil when it always may.
	may func() error
	// read tells whether content can be used, nil when any can.
	read func(data map[string][]byte) error
	// anew names the annotation by which a person gives up content that cannot.
	anew string
}

// content is that of a generated Secret, which is made when there is none. What
// cannot be used is not made anew unless a person says so: that could lose what
// nobody can bring back.
func (r *reconciler) content(
	ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered, want generated,
) (data map[string][]byte, created bool, err error) {
	s, created, err := r.generate(ctx, realm, want.name, want.kind, func() (map[string][]byte, error) {
		if want.may != nil {
			if err := want.may(); err != nil {
				return nil, err
			}
		}
		return want.draw()
	})
	if err != nil {
		return nil, false, err
	}
	g.versions[want.name] = versionOf(s)
	if want.read == nil {
		return s.Data, created, nil
	}
	problem := want.read(s.Data)
	if problem == nil {
		return s.Data, created, nil
	}
	lost, err := revisionOf(s.Data)
	if err != nil {
		return nil, false, err
	}
	if realm.Annotations[want.anew] != lost {
		return nil, false, conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "Secret %q cannot be used (%v); restore it from a backup, or give up what it held: %s",
			want.name, problem, annotate(realm, want.anew, lost))
	}
	if data, err = r.replace(ctx, s, want); err != nil {
		return nil, false, err
	}
	g.versions[want.name] = versionOf(s)
	return data, true, want.read(data)
}

// replace draws new content for a Secret, over exactly what was read of it.
func (r *reconciler) replace(ctx context.Context, s *corev1.Secret, want generated) (map[string][]byte, error) {
	data, err := want.draw()
	if err != nil {
		return nil, fmt.Errorf("generate secret %s: %w", want.name, err)
	}
	before := s.DeepCopy()
	s.Data = data
	err = r.Patch(ctx, s, overRead(before), client.FieldOwner(fieldOwner))
	if err != nil {
		return nil, r.refused(ctx, secretOf(s.Name, s.Namespace, data), "written", err)
	}
	return data, nil
}

// revisionOf names the content of a Secret.
func revisionOf(data map[string][]byte) (string, error) {
	document, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("marshal data: %w", err)
	}
	return realmconfig.Revision(document), nil
}

// ofKey is what is wrong with the document under a key.
func ofKey(key string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// annotate is the command by which a person gives up what a realm has lost.
func annotate(realm *v1alpha1.AuthRealm, annotation, lost string) string {
	return fmt.Sprintf("kubectl -n %s annotate authrealm %s --overwrite %s=%s", realm.Namespace, realm.Name, annotation, lost)
}
