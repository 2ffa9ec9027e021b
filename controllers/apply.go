// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// fieldOwner is the one field manager under which the operator writes.
const fieldOwner = "realmkeeper"

// applied is what the API server said of the workloads when they were applied:
// the newest there is, never a cache's view of them. Each is nil when it was not
// applied.
type applied struct {
	server   *appsv1ac.DeploymentApplyConfiguration
	database *appsv1ac.StatefulSetApplyConfiguration
	cache    *appsv1ac.DeploymentApplyConfiguration

	// ingress and custom are what leads to the realm and what watches it.
	ingress *networkingv1ac.IngressApplyConfiguration
	custom  map[schema.GroupVersionKind]*render.Custom

	// obstacle is the first thing that stood in the way.
	obstacle *obstacle
}

// apply makes the realm's objects what they should be and removes those it
// needs no longer. One that cannot be written does not keep back the others.
func (r *reconciler) apply(ctx context.Context, g gathered) (applied, error) {
	realm := g.inputs.Realm
	in, err := r.withhold(ctx, g)
	if err != nil {
		return applied{}, err
	}
	if in.WithoutReplicas, err = r.handOver(ctx, realm); err != nil {
		return applied{}, err
	}
	objects, err := render.Objects(in)
	if err != nil {
		return applied{}, err
	}
	out := applied{custom: map[schema.GroupVersionKind]*render.Custom{}}
	var failures []error
	for _, o := range objects {
		if slices.Contains(g.lacks, render.ReferenceTo(o).Kind) {
			continue // which a condition says
		}
		if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok {
			g.pin(s)
		}
		answer, err := r.applyOne(ctx, realm, o)
		obstacle, err := sortOut(err)
		if out.obstacle == nil {
			out.obstacle = obstacle
		}
		if err != nil {
			failures = append(failures, err)
		}
		if obstacle == nil && err == nil {
			out.note(realm, answer)
		}
	}
	r.memory.keep(client.ObjectKeyFromObject(realm), objects)
	for _, ref := range render.Surplus(realm, objects) {
		if slices.Contains(g.lacks, ref.Kind) {
			continue
		}
		failures = append(failures, r.remove(ctx, realm, ref))
	}
	if err := errors.Join(failures...); err != nil {
		if out.obstacle == nil {
			out.obstacle = &obstacle{v1alpha1.ReasonApplyFailed, "the API server could not be told of every object; trying again"}
		}
		return out, err
	}
	return out, nil
}

// pin lets a Secret be written only over what was read of it.
func (g gathered) pin(s *corev1ac.SecretApplyConfiguration) *corev1ac.SecretApplyConfiguration {
	if v, read := g.versions[*s.GetName()]; read {
		s.WithUID(v.uid).WithResourceVersion(v.resource)
	}
	return s
}

// withhold leaves out the Deployment when its pods could only wait for
// something to mount. One that exists goes on.
func (r *reconciler) withhold(ctx context.Context, g gathered) (render.Inputs, error) {
	in := g.inputs
	if g.database.obstacle == nil && g.cache.obstacle == nil && !g.certificate.absent && !g.settings.absent {
		return in, nil
	}
	existing, err := r.metadata(ctx, in.Realm.Namespace, render.Reference{
		Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"),
		Name: render.NamesOf(in.Realm).Server(),
	})
	in.WithoutServer = existing == nil
	return in, err
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
	if apierrors.IsInvalid(err) {
		// The same object is refused for the same reason until the spec changes.
		return nil, obstructed(v1alpha1.ReasonApplyFailed, "%s %q was refused: %s", ref.Kind.Kind, ref.Name, causes(err))
	}
	if err != nil {
		return nil, fmt.Errorf("apply %s %s: %w", ref.Kind.Kind, ref.Name, err)
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
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	return nil
}

// causes are the fields the API server complained of, without the values that
// its full message quotes.
func causes(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return "it is invalid"
	}
	text := ""
	for i, cause := range status.Status().Details.Causes {
		if i > 0 {
			text += ", "
		}
		text += cause.Field
	}
	return "it is invalid at " + text
}
