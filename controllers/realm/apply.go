// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// applied is what the API server said of the workloads when they were applied, or what the
// cache has of those that were not to be changed, without the template of their pods. Each
// is nil when it was not applied and is not there.
type applied struct {
	server   *appsv1ac.DeploymentApplyConfiguration
	database *appsv1ac.StatefulSetApplyConfiguration
	cache    *appsv1ac.DeploymentApplyConfiguration

	// ingress and custom are what leads to the realm and what watches it.
	ingress *networkingv1ac.IngressApplyConfiguration
	custom  map[schema.GroupVersionKind]*render.Custom

	// serverUnknown, databaseUnknown and cacheUnknown are why nobody knows whether there
	// is one.
	serverUnknown, databaseUnknown, cacheUnknown *conditions.Failure

	// mountFailure is why something that pods read could not be written.
	mountFailure *conditions.Failure

	// record is what the status is to remember of what was applied.
	record []v1alpha1.AppliedObject

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

// applyObjects applies each object, and reads the workloads that are not to be given
// another now.
func (r *reconciler) applyObjects(ctx context.Context, s *scope, objects []render.Object, out *applied) error {
	realm := s.inputs.Realm
	var ended []error
	for _, o := range objects {
		if s.skipsKind(render.ReferenceTo(o).Kind) {
			continue // which a condition says
		}
		answer, err := r.applier.ApplyOrRead(ctx, realm, s.versions, o)
		if set, existing := otherClaim(o, answer); existing != nil {
			answer, err = r.replaceClaimTemplate(ctx, s, set, existing, err)
		}
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
	return errors.Join(append(ended, r.readWorkloads(ctx, s, out))...)
}

// deleteSurplus deletes what an earlier spec has made and these objects no longer hold.
func (r *reconciler) deleteSurplus(ctx context.Context, s *scope, objects []render.Object, out *applied) error {
	realm := s.inputs.Realm
	var ended []error
	for _, ref := range render.Surplus(realm, objects) {
		if s.skipsKind(ref.Kind) || ref == render.TrustBundle(realm) && s.certificate.absent ||
			s.inputs.WithoutServer && usedByPods(ref) { // which are those of an earlier spec
			continue
		}
		failure, err := s.classify(r.applier.Delete(ctx, realm, ref))
		out.addFailure(failure)
		ended = append(ended, err)
	}
	return errors.Join(ended...)
}

// usedByPods reports whether what a reference names may be what auth server pods mount or
// connect to.
func usedByPods(ref render.Reference) bool {
	return slices.Contains([]string{"Secret", "Service", "StatefulSet", "Deployment"}, ref.Kind.Kind)
}

// readByPods reports whether an object is of a kind that pods read.
func readByPods(o render.Object) bool {
	switch o.(type) {
	case *corev1ac.ConfigMapApplyConfiguration, *corev1ac.SecretApplyConfiguration:
		return true
	}
	return false
}

// readWorkloads notes the workloads that are there and were not applied: what is told of
// a realm is what runs, whatever became of the pass.
func (r *reconciler) readWorkloads(ctx context.Context, s *scope, out *applied) error {
	realm := s.inputs.Realm
	names := render.NamesOf(realm)
	deployment, set := appsv1.SchemeGroupVersion.WithKind("Deployment"), appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	var ended []error
	read := func(kind schema.GroupVersionKind, name string) *conditions.Failure {
		existing, err := r.applier.Read(ctx, realm, render.Reference{Kind: kind, Name: name})
		if existing != nil {
			out.add(realm, existing)
		}
		unknown, err := s.classify(err)
		out.addFailure(unknown)
		ended = append(ended, err)
		return unknown
	}
	if out.server == nil {
		out.serverUnknown = read(deployment, names.Server())
	}
	if out.database == nil && render.ManagesDatabase(realm) {
		out.databaseUnknown = read(set, names.Database())
	}
	if out.cache == nil && render.ManagesCache(realm) {
		out.cacheUnknown = read(deployment, names.Cache())
	}
	return errors.Join(ended...)
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
