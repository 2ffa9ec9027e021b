// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Generator makes a realm's own Secrets, whose content is generated once.
type Generator struct {
	Reader
	client client.Writer
}

// NewGenerator is a Generator that reads from live, which is not a cache.
func NewGenerator(client client.Writer, live client.Reader) Generator {
	return Generator{NewReader(live), client}
}

// Generated is one of a realm's own Secrets.
type Generated struct {
	Name string
	Type corev1.SecretType

	// Generate makes the content.
	Generate func() (map[string][]byte, error)

	// MayCreate is asked before a Secret is made where there is none, nil when it
	// always may.
	MayCreate func() error
	// Read tells whether content can be used, nil when any can.
	Read func(data map[string][]byte) error
	// GiveUpAnnotation is the realm's annotation by which a person gives up content
	// that cannot be used.
	GiveUpAnnotation string
}

// Ensure returns the content of a Secret, which is made when there is none. What
// cannot be used is not made anew unless a person says so: that could lose what
// nobody can bring back. The version that was read or made goes into versions.
func (g Generator) Ensure(
	ctx context.Context, realm *v1alpha1.AuthRealm, versions Versions, want Generated,
) (data map[string][]byte, created bool, err error) {
	s, created, err := g.GetOrCreate(ctx, realm, want.Name, want.Type, func() (map[string][]byte, error) {
		if want.MayCreate != nil {
			if err := want.MayCreate(); err != nil {
				return nil, err
			}
		}
		return want.Generate()
	})
	if err != nil {
		return nil, false, err
	}
	versions.Note(s)
	if want.Read == nil {
		return s.Data, created, nil
	}
	problem := want.Read(s.Data)
	if problem == nil {
		return s.Data, created, nil
	}
	lost, err := revisionOf(s.Data)
	if err != nil {
		return nil, false, err
	}
	if realm.Annotations[want.GiveUpAnnotation] != lost {
		return nil, false, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"Secret %q cannot be used (%v); restore it from a backup, or give up what it held: %s",
			want.Name, problem, GiveUpCommand(realm, want.GiveUpAnnotation, lost))
	}
	if data, err = g.replace(ctx, s, want); err != nil {
		return nil, false, err
	}
	versions.Note(s)
	return data, true, want.Read(data)
}

// GetOrCreate returns one of the realm's own Secrets, and makes it if there is none.
// It reads past the cache and only ever creates, so that what exists is not replaced
// by mistake: with two operators at work, one of them finds the other's.
func (g Generator) GetOrCreate(
	ctx context.Context, realm *v1alpha1.AuthRealm, name string, kind corev1.SecretType,
	generate func() (map[string][]byte, error),
) (s *corev1.Secret, created bool, err error) {
	s, err = g.Owned(ctx, realm, name)
	if !apierrors.IsNotFound(err) {
		return s, false, err
	}
	data, err := generate()
	if err != nil {
		return nil, false, fmt.Errorf("generate secret %s: %w", name, err)
	}
	s = render.Generated(realm, name, kind, data)
	err = g.client.Create(ctx, s, client.FieldOwner(ownership.FieldOwner))
	if apierrors.IsAlreadyExists(err) {
		s, err = g.Owned(ctx, realm, name)
		return s, false, err
	}
	if err != nil {
		return nil, false, g.Refusal(ctx, corev1ac.Secret(name, realm.Namespace).WithData(data), "made", err)
	}
	return s, true, nil
}

// replace generates new content for a Secret, over exactly what was read of it.
func (g Generator) replace(ctx context.Context, s *corev1.Secret, want Generated) (map[string][]byte, error) {
	data, err := want.Generate()
	if err != nil {
		return nil, fmt.Errorf("generate secret %s: %w", want.Name, err)
	}
	before := s.DeepCopy()
	s.Data = data
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err = g.client.Patch(ctx, s, patch, client.FieldOwner(ownership.FieldOwner))
	if err != nil {
		return nil, g.Refusal(ctx, corev1ac.Secret(s.Name, s.Namespace).WithData(data), "written", err)
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

// GiveUpCommand is the command by which a person gives up what a realm has lost.
func GiveUpCommand(realm *v1alpha1.AuthRealm, annotation, lost string) string {
	return fmt.Sprintf("kubectl -n %s annotate authrealm %s --overwrite %s=%s", realm.Namespace, realm.Name, annotation, lost)
}
