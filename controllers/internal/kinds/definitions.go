// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch

// DefinitionReconciler notices kinds that come and go.
type DefinitionReconciler struct {
	registry *Registry
	live     client.Reader

	// kinds are those to notice, by the names of their CustomResourceDefinitions.
	kinds map[string]schema.GroupVersionKind

	// changed is called when a kind has come or gone.
	changed func(context.Context, schema.GroupVersionKind) error
}

// NewDefinitionReconciler is a DefinitionReconciler that reads from live, which is not a
// cache, and calls changed when one of the kinds, which go by the names of their
// CustomResourceDefinitions, has come or gone.
func NewDefinitionReconciler(
	registry *Registry, live client.Reader, kinds map[string]schema.GroupVersionKind,
	changed func(context.Context, schema.GroupVersionKind) error,
) *DefinitionReconciler {
	return &DefinitionReconciler{registry, live, kinds, changed}
}

// Setup adds the reconciler to a manager.
func (d *DefinitionReconciler) Setup(mgr ctrl.Manager) error {
	ours := predicate.NewPredicateFuncs(func(o client.Object) bool {
		_, found := d.kinds[o.GetName()]
		return found
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("definition").
		For(Metadata(definitionKind()), builder.WithPredicates(ours)).
		Complete(d)
}

func definitionKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}
}

// untilServed is how long the API server takes to serve a kind after it says
// that the kind is established, or to stop.
const untilServed = time.Second

// Reconcile makes one pass over a CustomResourceDefinition.
func (d *DefinitionReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	kind := d.kinds[req.Name]
	established, err := d.established(ctx, req.Name, kind.Version)
	if err != nil {
		return ctrl.Result{}, err
	}
	there, changed, err := d.registry.Ask(ctx, kind)
	if err != nil {
		return ctrl.Result{}, err
	}
	if changed {
		if err := d.changed(ctx, kind); err != nil {
			return ctrl.Result{}, err
		}
	}
	if there != established {
		return ctrl.Result{RequeueAfter: untilServed}, nil
	}
	return ctrl.Result{}, nil
}

// definition is the part of a CustomResourceDefinition that is of interest.
type definition struct {
	Spec struct {
		Versions []struct {
			Name   string `json:"name"`
			Served bool   `json:"served"`
		} `json:"versions"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

// established reports whether a definition has the API server serve a version.
func (d *DefinitionReconciler) established(ctx context.Context, name, version string) (bool, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(definitionKind())
	err := d.live.Get(ctx, types.NamespacedName{Name: name}, o)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("get definition %s: %w", name, err)
	}
	if err != nil || o.GetDeletionTimestamp() != nil {
		return false, nil
	}
	var found definition
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &found); err != nil {
		return false, fmt.Errorf("read definition %s: %w", name, err)
	}
	for _, v := range found.Spec.Versions {
		if v.Name != version || !v.Served {
			continue
		}
		for _, c := range found.Status.Conditions {
			if c.Type == "Established" {
				return c.Status == "True", nil
			}
		}
	}
	return false, nil
}
