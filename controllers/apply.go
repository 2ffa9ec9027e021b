// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// fieldOwner is the one field manager under which the operator writes.
const fieldOwner = "realmkeeper"

// applied is what the API server said of the workloads when they were applied:
// the newest there is, never a cache's view of them. Each is nil when it was not
// applied and is not there.
type applied struct {
	server   *appsv1ac.DeploymentApplyConfiguration
	database *appsv1ac.StatefulSetApplyConfiguration
	cache    *appsv1ac.DeploymentApplyConfiguration

	// ingress and custom are what leads to the realm and what watches it.
	ingress *networkingv1ac.IngressApplyConfiguration
	custom  map[schema.GroupVersionKind]*render.Custom

	// unread is why nobody knows whether there is a server.
	unread *conditions.Failure

	// unwritten is why something that pods read could not be written.
	unwritten *conditions.Failure

	// failures are what stood in the way.
	failures []*conditions.Failure
}

// addFailure notes what stood in the way, nil for nothing.
func (a *applied) addFailure(o *conditions.Failure) {
	if o != nil {
		a.failures = append(a.failures, o)
	}
}

// apply makes the realm's objects what they should be and removes those it
// needs no longer. One that cannot be written does not keep back the others.
func (r *reconciler) apply(ctx context.Context, g *gathered) (applied, error) {
	out := applied{custom: map[schema.GroupVersionKind]*render.Custom{}}
	in, failures, err := r.withhold(ctx, g)
	if err != nil {
		return out, err
	}
	out.failures = failures
	realm := in.Realm
	objects, err := render.Objects(in)
	failure, err := g.classify(err)
	if err != nil {
		return out, err
	}
	out.addFailure(failure)
	complete := failure == nil
	var ended []error
	for _, o := range objects {
		if g.skips(render.ReferenceTo(o).Kind) {
			continue // which a condition says
		}
		answer, err := r.applyOrRead(ctx, realm, g, o)
		failure, err := g.classify(err)
		out.addFailure(failure)
		if failure != nil && readByPods(o) {
			out.unwritten = failure
		}
		ended = append(ended, err)
		if answer != nil {
			out.note(realm, answer)
		}
	}
	if out.server == nil {
		failure, err := g.classify(r.readServer(ctx, realm, &out))
		out.unread = failure
		out.addFailure(failure)
		ended = append(ended, err)
	}
	r.memory.keep(client.ObjectKeyFromObject(realm), objects)
	for _, ref := range render.Surplus(realm, objects) {
		if g.skips(ref.Kind) || !complete || ref == render.TrustBundle(realm) && g.certificate.absent {
			continue
		}
		failure, err := g.classify(r.remove(ctx, realm, ref))
		out.addFailure(failure)
		ended = append(ended, err)
	}
	return out, errors.Join(ended...)
}

// readByPods reports whether an object is of a kind that pods read.
func readByPods(o render.Object) bool {
	switch o.(type) {
	case *corev1ac.ConfigMapApplyConfiguration, *corev1ac.SecretApplyConfiguration:
		return true
	}
	return false
}

// applyOrRead is applyOne, and where the API server refuses that, what it has.
func (r *reconciler) applyOrRead(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered, o render.Object) (render.Object, error) {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
		return nil, r.write(ctx, realm, g, s)
	}
	answer, err := r.applyOne(ctx, realm, o)
	if err == nil || conditions.EndsPass(err) {
		return answer, err
	}
	stands, readErr := r.standing(ctx, realm, render.ReferenceTo(o))
	if conditions.EndsPass(readErr) {
		return nil, readErr
	}
	return stands, err
}

// readServer notes the Deployment of a realm that is not to be given another now.
func (r *reconciler) readServer(ctx context.Context, realm *v1alpha1.AuthRealm, out *applied) error {
	stands, err := r.standing(ctx, realm, render.Reference{
		Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: render.NamesOf(realm).Server(),
	})
	if stands != nil {
		out.note(realm, stands)
	}
	return err
}

// standing is an object as the API server has it, nil when the realm has none.
func (r *reconciler) standing(ctx context.Context, realm *v1alpha1.AuthRealm, ref render.Reference) (render.Object, error) {
	stands := &unstructured.Unstructured{}
	stands.SetGroupVersionKind(ref.Kind)
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: ref.Name}, stands)
	if err != nil || !belongs(realm, stands) {
		return nil, client.IgnoreNotFound(err)
	}
	return render.Read(stands)
}

// pin lets a Secret be written only over what was read of it.
func (g gathered) pin(s *corev1ac.SecretApplyConfiguration) *corev1ac.SecretApplyConfiguration {
	if v, read := g.versions[*s.GetName()]; read {
		s.WithUID(v.uid).WithResourceVersion(v.resource)
	}
	return s
}

// applyOne makes an object what it should be, and returns it as the API server
// has it. Where that is known to change nothing, nobody is asked.
func (r *reconciler) applyOne(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) (render.Object, error) {
	ref, owner := render.ReferenceTo(o), client.ObjectKeyFromObject(realm)
	digest, err := digestOf(o)
	if err != nil {
		return nil, err
	}
	existing, err := r.metadata(ctx, realm.Namespace, ref)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		if err := mine(realm, ref.Kind.Kind, existing); err != nil {
			return nil, err
		}
		if last, settled := r.memory.settled(owner, ref, digest, existing); settled {
			return last.answer, nil
		}
	}
	sent := runtime.ApplyConfiguration(o)
	if custom, ok := o.(*render.Custom); ok {
		sent = client.ApplyConfigurationFromUnstructured(custom.Content)
	}
	err = r.Apply(ctx, sent, client.FieldOwner(fieldOwner), client.ForceOwnership)
	if err != nil {
		return nil, r.refused(ctx, o, "written", err)
	}
	return o, r.memory.note(owner, digest, o)
}

func (a *applied) note(realm *v1alpha1.AuthRealm, o render.Object) {
	names := render.NamesOf(realm)
	switch o := o.(type) {
	case *appsv1ac.StatefulSetApplyConfiguration:
		a.database = o
	case *appsv1ac.DeploymentApplyConfiguration:
		if *o.GetName() == names.Cache() {
			a.cache = o
		} else {
			a.server = o
		}
	case *networkingv1ac.IngressApplyConfiguration:
		a.ingress = o
	case *render.Custom:
		a.custom[render.ReferenceTo(o).Kind] = o
	}
}

// remove deletes an object that the realm made and needs no longer. What
// belongs to somebody else stays.
func (r *reconciler) remove(ctx context.Context, realm *v1alpha1.AuthRealm, ref render.Reference) error {
	// What the cache has not seen yet, its event brings here again.
	existing, err := r.cached(ctx, realm.Namespace, ref)
	if err != nil || existing == nil {
		return err
	}
	if !belongs(realm, existing) || existing.DeletionTimestamp != nil {
		return nil
	}
	uid := existing.UID
	err = r.Delete(ctx, existing, client.Preconditions{UID: &uid})
	switch {
	case client.IgnoreNotFound(err) == nil:
		return nil
	case conditions.EndsPass(err):
		return fmt.Errorf("delete %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	said := ""
	if ref.Kind == corev1.SchemeGroupVersion.WithKind("Secret") {
		said = r.secretWords(ctx, secretOf(ref.Name, realm.Namespace, nil), err)
	} else {
		said = conditions.StableMessage(err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q, which is needed no longer, could not be deleted: %s", ref.Kind.Kind, ref.Name, said)
}

// refused is why an object could not be written, in the words of whoever refused
// it: the API server, a quota, a policy, a webhook. None of them is for ever.
func (r *reconciler) refused(ctx context.Context, o render.Object, done string, err error) error {
	if conditions.EndsPass(err) {
		return fmt.Errorf("write %s %s: %w", *o.GetKind(), *o.GetName(), err)
	}
	said := ""
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
		said = r.secretWords(ctx, s, err)
	} else {
		said = conditions.StableMessage(err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q could not be %s: %s", *o.GetKind(), *o.GetName(), done, said)
}
