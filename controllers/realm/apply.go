// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

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

	// serverUnknown is why nobody knows whether there is a server.
	serverUnknown *conditions.Failure

	// mountFailure is why something that pods read could not be written.
	mountFailure *conditions.Failure

	// failures are what stood in the way.
	failures []*conditions.Failure
}

// addFailure notes what stood in the way, nil for nothing.
func (a *applied) addFailure(f *conditions.Failure) {
	if f != nil {
		a.failures = append(a.failures, f)
	}
}

// apply makes the realm's objects what they should be and removes those it
// needs no longer. One that cannot be written does not keep back the others.
func (r *reconciler) apply(ctx context.Context, s *scope) (applied, error) {
	out := applied{custom: map[schema.GroupVersionKind]*render.Custom{}}
	in, failures, err := r.withhold(ctx, s)
	if err != nil {
		return out, err
	}
	out.failures = failures
	objects, err := render.Objects(in)
	incomplete, err := s.classify(err)
	if err != nil {
		return out, err
	}
	out.addFailure(incomplete)
	err = r.applyObjects(ctx, s, objects, &out)
	r.applier.Retain(in.Realm, objects)
	if incomplete == nil {
		err = errors.Join(err, r.deleteSurplus(ctx, s, objects, &out))
	}
	return out, err
}

// applyObjects applies each object, and reads the server's Deployment where that is not
// to be given another now.
func (r *reconciler) applyObjects(ctx context.Context, s *scope, objects []render.Object, out *applied) error {
	realm := s.inputs.Realm
	var ended []error
	for _, o := range objects {
		if s.skipsKind(render.ReferenceTo(o).Kind) {
			continue // which a condition says
		}
		answer, err := r.applier.ApplyOrRead(ctx, realm, s.versions, o)
		failure, err := s.classify(err)
		out.addFailure(failure)
		if failure != nil && readByPods(o) {
			out.mountFailure = failure
		}
		ended = append(ended, err)
		if answer != nil {
			out.add(realm, answer)
		}
	}
	if out.server == nil {
		failure, err := s.classify(r.readServer(ctx, realm, out))
		out.serverUnknown = failure
		out.addFailure(failure)
		ended = append(ended, err)
	}
	return errors.Join(ended...)
}

// deleteSurplus deletes what an earlier spec has made and these objects no longer hold.
func (r *reconciler) deleteSurplus(ctx context.Context, s *scope, objects []render.Object, out *applied) error {
	realm := s.inputs.Realm
	var ended []error
	for _, ref := range render.Surplus(realm, objects) {
		if s.skipsKind(ref.Kind) || ref == render.TrustBundle(realm) && s.certificate.absent {
			continue
		}
		failure, err := s.classify(r.applier.Delete(ctx, realm, ref))
		out.addFailure(failure)
		ended = append(ended, err)
	}
	return errors.Join(ended...)
}

// readByPods reports whether an object is of a kind that pods read.
func readByPods(o render.Object) bool {
	switch o.(type) {
	case *corev1ac.ConfigMapApplyConfiguration, *corev1ac.SecretApplyConfiguration:
		return true
	}
	return false
}

// readServer notes the Deployment of a realm that is not to be given another now.
func (r *reconciler) readServer(ctx context.Context, realm *v1alpha1.AuthRealm, out *applied) error {
	existing, err := r.applier.Read(ctx, realm, render.Reference{
		Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: render.NamesOf(realm).Server(),
	})
	if existing != nil {
		out.add(realm, existing)
	}
	return err
}

func (a *applied) add(realm *v1alpha1.AuthRealm, o render.Object) {
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
