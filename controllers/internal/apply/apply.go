// SPDX-License-Identifier: Apache-2.0

// Package apply makes a realm's objects what they should be, by server-side apply.
//
// Nothing is sent that is known to change nothing: an Applier remembers what it has
// applied, and to which version of the object. Nothing is written to that is somebody
// else's, as package ownership tells. A refusal becomes a conditions.Failure in the
// words of whoever refused: the API server, a quota, a policy, a webhook. None of them
// is for ever.
package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// Applier applies and deletes objects of realms. It is safe for concurrent use.
type Applier struct {
	client  client.Client
	live    client.Reader
	secrets secrets.Reader
	applied lastApplied
}

// New is an Applier that has applied nothing yet. It reads metadata by the client, and
// what must not be decided on stale knowledge from live, which is not a cache.
func New(client client.Client, live client.Reader) *Applier {
	return &Applier{client: client, live: live, secrets: secrets.NewReader(live)}
}

// Apply makes an object what it should be, and returns it as the API server has it.
// Where that is known to change nothing, nobody is asked.
func (a *Applier) Apply(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) (render.Object, error) {
	ref, owner := render.ReferenceTo(o), client.ObjectKeyFromObject(realm)
	digest, err := digestOf(o)
	if err != nil {
		return nil, err
	}
	existing, err := a.Metadata(ctx, realm.Namespace, ref)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		if err := ownership.Check(realm, ref.Kind.Kind, existing); err != nil {
			return nil, err
		}
		if last, unchanged := a.applied.find(owner, ref, digest, existing); unchanged {
			return last.answer, nil
		}
	}
	sent := runtime.ApplyConfiguration(o)
	if custom, ok := o.(*render.Custom); ok {
		sent = client.ApplyConfigurationFromUnstructured(custom.Content)
	}
	err = a.client.Apply(ctx, sent, client.FieldOwner(ownership.FieldOwner), client.ForceOwnership)
	if err != nil {
		return nil, a.refusal(ctx, o, err)
	}
	return o, a.applied.store(owner, digest, o)
}

// ApplySecret makes one of the realm's own Secrets what it should be, and only over the
// version of it that was read, if one was.
func (a *Applier) ApplySecret(ctx context.Context, realm *v1alpha1.AuthRealm, versions secrets.Versions, s *corev1ac.SecretApplyConfiguration) error {
	versions.Pin(s)
	if _, err := a.Apply(ctx, realm, s); err != nil {
		return err
	}
	versions.NoteApplied(s)
	return nil
}

// ApplyOrRead is Apply, and where the API server refuses, what it has, beside the
// error. Of a Secret it returns nothing.
func (a *Applier) ApplyOrRead(ctx context.Context, realm *v1alpha1.AuthRealm, versions secrets.Versions, o render.Object) (render.Object, error) {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
		return nil, a.ApplySecret(ctx, realm, versions, s)
	}
	answer, err := a.Apply(ctx, realm, o)
	if err == nil || conditions.EndsPass(err) {
		return answer, err
	}
	existing, readErr := a.Read(ctx, realm, render.ReferenceTo(o))
	if conditions.EndsPass(readErr) {
		return nil, readErr
	}
	return existing, err
}

// Read is an object as the API server has it, nil when the realm has none.
func (a *Applier) Read(ctx context.Context, realm *v1alpha1.AuthRealm, ref render.Reference) (render.Object, error) {
	existing := &unstructured.Unstructured{}
	existing.SetGroupVersionKind(ref.Kind)
	err := a.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: ref.Name}, existing)
	if err != nil || !ownership.Belongs(realm, existing) {
		return nil, client.IgnoreNotFound(err)
	}
	return render.Read(existing)
}

// Delete deletes an object that the realm made and needs no longer. What belongs to
// somebody else stays.
func (a *Applier) Delete(ctx context.Context, realm *v1alpha1.AuthRealm, ref render.Reference) error {
	// What the cache has not seen yet, its event brings here again.
	existing, err := a.cached(ctx, realm.Namespace, ref)
	if err != nil || existing == nil {
		return err
	}
	if !ownership.Belongs(realm, existing) || existing.DeletionTimestamp != nil {
		return nil
	}
	uid := existing.UID
	err = a.client.Delete(ctx, existing, client.Preconditions{UID: &uid})
	switch {
	case client.IgnoreNotFound(err) == nil:
		return nil
	case conditions.EndsPass(err):
		return fmt.Errorf("delete %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	var message string
	if ref.Kind == corev1.SchemeGroupVersion.WithKind("Secret") {
		message = a.secrets.Message(ctx, corev1ac.Secret(ref.Name, realm.Namespace), err)
	} else {
		message = conditions.StableMessage(err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q, which is needed no longer, could not be deleted: %s", ref.Kind.Kind, ref.Name, message)
}

// refusal is why an object could not be written.
func (a *Applier) refusal(ctx context.Context, o render.Object, err error) error {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
		return a.secrets.Refusal(ctx, s, "written", err)
	}
	if conditions.EndsPass(err) {
		return fmt.Errorf("write %s %s: %w", *o.GetKind(), *o.GetName(), err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q could not be written: %s", *o.GetKind(), *o.GetName(), conditions.StableMessage(err))
}

// Retain forgets what was applied of a realm that is not among these objects.
func (a *Applier) Retain(realm *v1alpha1.AuthRealm, objects []render.Object) {
	a.applied.retain(client.ObjectKeyFromObject(realm), objects)
}

// Forget forgets what was applied of a realm that is gone.
func (a *Applier) Forget(realm types.NamespacedName) { a.applied.forget(realm) }
