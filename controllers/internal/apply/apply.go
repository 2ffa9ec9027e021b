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
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// Applier applies and deletes objects of realms. It is safe for concurrent use.
type Applier struct {
	client  client.Client
	live    client.Reader
	secrets secrets.Reader
	own     ownership.Own
	now     func() time.Time

	applied  lastApplied
	contests contests
}

// New is an Applier that has applied nothing yet. It reads metadata by the client, and
// what must not be decided on stale knowledge from live, which is not a cache.
func New(client client.Client, live client.Reader, own ownership.Own, now func() time.Time) *Applier {
	return &Applier{client: client, live: live, secrets: secrets.NewReader(live), own: own, now: now}
}

// Apply makes an object what it should be, and returns it as the API server has it.
// Where that is known to change nothing, nobody is asked. An object that somebody else
// changes each time is left alone for a while, with a conditions.Failure.
func (a *Applier) Apply(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) (render.Object, error) {
	return a.apply(ctx, realm, o, false)
}

// apply is Apply of an object that is a Secret whose values are known to be stored, or are
// not.
func (a *Applier) apply(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, stored bool) (render.Object, error) {
	ref, owner := render.ReferenceTo(o), client.ObjectKeyFromObject(realm)
	want, err := wantedOf(o)
	if err != nil {
		return nil, err
	}
	existing, err := a.cached(ctx, realm.Namespace, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case existing != nil:
	case a.applied.madeOf(owner, ref, want.digest, render.Version(o)):
		return o, nil // it was made or read just now, and the cache does not know it yet
	case a.isNew(realm, o):
		err = a.create(ctx, realm, o, want, "written")
		if err == nil {
			return o, nil
		}
		if !conditions.IsConflict(err) {
			return nil, err
		}
		fallthrough // somebody has one that the cache does not know
	default:
		if existing, err = a.LiveMetadata(ctx, realm.Namespace, ref); err != nil {
			return nil, err
		}
	}
	if existing == nil {
		if want.secret {
			if err := a.own.CheckUnmounted(ctx, realm, ref.Name); err != nil {
				return nil, err
			}
		}
		return a.write(ctx, realm, o, want)
	}
	if err := ownership.Check(realm, ref.Kind.Kind, existing); err != nil {
		return nil, err
	}
	before := a.contests.of(owner, ref)
	if standing := before.standing(a.now()); standing != nil {
		return nil, standing
	}
	spec, err := a.specOf(ctx, realm.Namespace, ref, existing)
	if err != nil {
		return nil, err
	}
	last, known := a.applied.find(owner, ref)
	same := last.digest == want.digest
	switch {
	case known && last.state == want.stateOf(existing, spec) && (same || last.resumed() && (stored || !want.secret)):
		a.contests.end(owner, ref, a.now())
		return a.unchanged(ctx, realm, o, want, last, existing)
	case !same:
		return a.write(ctx, realm, o, want)
	}
	return a.restore(ctx, realm, o, want, last, existing)
}

// unchanged is an object that is as it was applied last, as the API server has it. Its
// status may be another by now: that of a workload is in the cache, and of what few realms
// have it is read.
func (a *Applier) unchanged(
	ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, want wanted, last application, existing metav1.Object,
) (render.Object, error) {
	ref, owner := render.ReferenceTo(o), client.ObjectKeyFromObject(realm)
	last.digest, last.generation = want.digest, existing.GetGeneration()
	var err error
	if hasStatus(o) && last.version != existing.GetResourceVersion() {
		if last.answer, err = a.Read(ctx, realm, ref); err != nil {
			return nil, err
		}
	}
	last.version = existing.GetResourceVersion()
	a.applied.store(owner, ref, last)
	if kinds.Workload(ref.Kind) != nil {
		return a.workload(ctx, realm.Namespace, ref)
	}
	return last.answer, nil
}

// restore writes what was written before and has been changed since.
func (a *Applier) restore(
	ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, want wanted, last application, existing metav1.Object,
) (render.Object, error) {
	ref, owner := render.ReferenceTo(o), client.ObjectKeyFromObject(realm)
	before := a.contests.of(owner, ref)
	failure := before.failure
	if failure == nil && before.escalates(a.now()) {
		var err error
		if failure, err = a.contested(ctx, realm.Namespace, ref); err != nil {
			return nil, err
		}
	}
	answer, err := a.write(ctx, realm, o, want)
	if err != nil {
		return nil, err
	}
	after, err := metadataIn(answer)
	if err != nil || !rewrote(last, existing, after) {
		return answer, err
	}
	a.contests.set(owner, ref, before.restoredNow(a.now(), failure))
	if failure != nil {
		return nil, failure
	}
	return answer, nil
}

// write applies an object, whatever there is.
func (a *Applier) write(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, want wanted) (render.Object, error) {
	unowned := len(ownersOf(o)) == 0
	if err := a.send(ctx, o); err != nil {
		return nil, a.refusal(ctx, o, "written", err)
	}
	if unowned {
		if err := a.disown(ctx, realm, o); err != nil {
			return nil, err
		}
	}
	if err := a.remember(realm, o, want); err != nil {
		return nil, err
	}
	return o, nil
}

// send applies an object, which becomes what the API server answered.
func (a *Applier) send(ctx context.Context, o render.Object) error {
	sent := runtime.ApplyConfiguration(o)
	if custom, ok := o.(*render.Custom); ok {
		sent = client.ApplyConfigurationFromUnstructured(custom.Content)
	}
	return a.client.Apply(ctx, sent, client.FieldOwner(ownership.FieldOwner), client.ForceOwnership)
}

// remember notes what the API server answered, which was of want.
func (a *Applier) remember(realm *v1alpha1.AuthRealm, answer render.Object, want wanted) error {
	last, err := answered(want, answer)
	if err != nil {
		return err
	}
	a.applied.store(client.ObjectKeyFromObject(realm), render.ReferenceTo(answer), last)
	return nil
}

// ApplySecret makes one of the realm's own Secrets what it should be, and only over the
// version of it that was read, if one was.
func (a *Applier) ApplySecret(ctx context.Context, realm *v1alpha1.AuthRealm, versions secrets.Versions, s *corev1ac.SecretApplyConfiguration) error {
	versions.Pin(s)
	if _, err := a.apply(ctx, realm, s, versions.Hold(s)); err != nil {
		return err
	}
	versions.NoteApplied(s)
	return nil
}

// ApplyNew is ApplySecret for content that was made just now to take the place of other. It
// first asks the API server what it would store, and returns a conditions.Failure when that
// is something else, as a webhook may have it be: written, it would be made anew with every
// pass, and each would be woken by the one before.
func (a *Applier) ApplyNew(
	ctx context.Context, realm *v1alpha1.AuthRealm, versions secrets.Versions, rendered func() *corev1ac.SecretApplyConfiguration,
) error {
	trial := rendered()
	versions.Pin(trial)
	sent := maps.Clone(trial.Data)
	if err := a.client.Apply(ctx, trial, client.FieldOwner(ownership.FieldOwner), client.ForceOwnership, client.DryRunAll); err != nil {
		return a.refusal(ctx, rendered(), "written", err)
	}
	for _, key := range slices.Sorted(maps.Keys(sent)) {
		if !bytes.Equal(sent[key], trial.Data[key]) {
			return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "Secret %q is not written, since something else would be stored in its key %q: "+
				"a webhook or policy changes it; let it leave this Secret alone", *trial.GetName(), key)
		}
	}
	return a.ApplySecret(ctx, realm, versions, rendered())
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

// workload is a Deployment or StatefulSet as the cache has it, which is without the template
// of its pods.
func (a *Applier) workload(ctx context.Context, namespace string, ref render.Reference) (render.Object, error) {
	typed := kinds.Workload(ref.Kind)
	found, err := get(ctx, a.client, namespace, ref, typed)
	if !found || err != nil {
		return nil, err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	o := &unstructured.Unstructured{Object: content}
	o.SetGroupVersionKind(ref.Kind)
	return render.Read(o)
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

// refusal is why an object could not be made or written, which done says.
func (a *Applier) refusal(ctx context.Context, o render.Object, done string, err error) error {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
		return a.secrets.Refusal(ctx, s, done, err)
	}
	if conditions.EndsPass(err) {
		return fmt.Errorf("write %s %s: %w", *o.GetKind(), *o.GetName(), err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q could not be %s: %s", *o.GetKind(), *o.GetName(), done, conditions.StableMessage(err))
}

// Retain forgets what was applied of a realm that is not among these objects.
func (a *Applier) Retain(realm *v1alpha1.AuthRealm, objects []render.Object) {
	a.applied.retain(client.ObjectKeyFromObject(realm), objects)
}

// Forget forgets what was applied of a realm that is gone.
func (a *Applier) Forget(realm types.NamespacedName) {
	a.applied.forget(realm)
	a.contests.forget(realm)
}
