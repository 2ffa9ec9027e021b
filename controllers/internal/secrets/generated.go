// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	client client.Client
	maker  Maker
}

// Maker makes objects of realms.
type Maker interface {
	// Create makes an object where there is none, which becomes what the API server answered.
	// The error is conditions.IsConflict where there is one of the name.
	Create(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) error
}

// NewGenerator is a Generator that reads from live, which is not a cache, and metadata by the
// client.
func NewGenerator(client client.Client, live client.Reader, maker Maker) Generator {
	return Generator{NewReader(live), client, maker}
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
	s, created, err := g.GetOrCreate(ctx, realm, want.Name, func() (*corev1ac.SecretApplyConfiguration, error) {
		if want.MayCreate != nil {
			if err := want.MayCreate(); err != nil {
				return nil, err
			}
		}
		data, err := want.Generate()
		return render.Generated(realm, want.Name, want.Type, data), err
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

// GetOrCreate returns one of the realm's own Secrets, and makes it if there is none, as it is
// to be applied from then on. It reads past the cache and only ever creates, so that what
// exists is not replaced by mistake: with two operators at work, one of them finds the
// other's. Where none is known, it does not ask again before it makes one: it finds then
// that there is one all the same.
func (g Generator) GetOrCreate(
	ctx context.Context, realm *v1alpha1.AuthRealm, name string, generate func() (*corev1ac.SecretApplyConfiguration, error),
) (s *corev1.Secret, created bool, err error) {
	absent := g.Absent(ctx, realm, name)
	if !absent {
		s, err = g.Owned(ctx, realm, name)
		if !apierrors.IsNotFound(err) {
			return s, false, err
		}
	}
	made, err := generate()
	if err != nil && absent {
		s, readErr := g.Owned(ctx, realm, name)
		if !apierrors.IsNotFound(readErr) {
			return s, false, readErr
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("generate secret %s: %w", name, err)
	}
	err = g.maker.Create(ctx, realm, made)
	if conditions.IsConflict(err) {
		s, readErr := g.Owned(ctx, realm, name)
		if apierrors.IsNotFound(readErr) {
			return nil, false, err // it was not about a Secret, or that has gone again
		}
		return s, false, readErr
	}
	if err != nil {
		return nil, false, err
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: realm.Namespace, Name: name, UID: *made.UID, ResourceVersion: *made.ResourceVersion, CreationTimestamp: *made.CreationTimestamp,
		},
		Data: made.Data,
	}, true, nil
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
