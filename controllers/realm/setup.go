// SPDX-License-Identifier: Apache-2.0

// Package realm turns an AuthRealm into running auth servers.
//
// A pass over a realm gathers what it is made of, rotates its keys, renders its objects,
// applies them, asks the pods what they run, and writes the status, once. Deciding is
// left to pure functions; what a retry cannot cure is a conditions.Failure, which
// becomes a condition and heals by the event that removes it.
//
// Objects of other kinds that hang on the realm are taken up by its pass; what becomes
// of them they say themselves.
package realm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// Options are what the controller of realms needs besides a manager. All but
// OneNamespace are required.
type Options struct {
	// Images run where a realm names none.
	Images render.Images

	// Now is the time, Random a source fit for keys and passwords.
	Now    func() time.Time
	Random io.Reader

	// AskPod returns what one pod says of itself.
	AskPod podstatus.Ask

	// Events records what happens, Metrics is where what realms say of themselves is
	// registered.
	Events  conditions.Recorder
	Metrics prometheus.Registerer

	// OperatorNamespace is where the operator runs.
	OperatorNamespace string

	// OneNamespace says that the operator may see a single namespace, and nothing that
	// belongs to the cluster.
	OneNamespace bool
}

// concurrency is how many realms are worked on at the same time. A pass mostly
// waits for the API server and for pods.
const concurrency = 8

// Setup adds the controllers of realms to a manager whose indexer has attached.Index.
func Setup(mgr ctrl.Manager, options Options) error {
	writer := status.NewWriter(statusKind(), mgr.GetClient(), options.Events)
	r := &reconciler{
		Client: mgr.GetClient(),
		live:   mgr.GetAPIReader(),
		events: options.Events,
		status: writer,

		generator: secrets.NewGenerator(mgr.GetClient(), mgr.GetAPIReader()),
		applier:   apply.New(mgr.GetClient(), mgr.GetAPIReader()),

		images: options.Images,
		now:    options.Now,
		random: options.Random,
		ask:    options.AskPod,

		operatorNamespace: options.OperatorNamespace,
	}
	wake := make(chan event.GenericEvent)
	err := errors.Join(
		indexNames(mgr.GetFieldIndexer()), indexIssuers(mgr.GetFieldIndexer()),
		options.Metrics.Register(newRealmMetrics(mgr.GetCache())),
		r.setup(mgr, !options.OneNamespace, wake),
		status.NewStaleReadyReconciler(writer, mgr.GetClient()).Setup(mgr, "authrealm-overdue"),
	)
	if !options.OneNamespace {
		definitions := kinds.NewDefinitionReconciler(r.kinds, mgr.GetAPIReader(), render.CustomKinds(), r.wakeWanting(wake))
		err = errors.Join(err, definitions.Setup(mgr))
	}
	return err
}

func statusKind() status.Kind {
	return status.NewKind("realm", &v1alpha1.AuthRealm{}, func(realm *v1alpha1.AuthRealm) (*[]metav1.Condition, int64) {
		return &realm.Status.Conditions, realm.Status.ObservedGeneration
	})
}

func (r *reconciler) setup(mgr ctrl.Manager, notified bool, wake <-chan event.GenericEvent) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("authrealm").
		// Status is the operator's own: a change of it is no news. Annotations give up
		// what was lost.
		For(&v1alpha1.AuthRealm{}, builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(r.realmsOfIssuer),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// Its status changes with the load: four times a minute, and is no news.
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(r.realmsOf),
			builder.OnlyMetadata, builder.WithPredicates(predicate.Funcs{UpdateFunc: moreThanStatus})).
		WatchesRawSource(source.Channel(wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency})
	for _, kind := range attached.Kinds() {
		b = b.Watches(kind.Object(), handler.EnqueueRequestsFromMapFunc(kind.ToRealm), builder.WithPredicates(kind.Changes()))
	}
	for _, kind := range watched() {
		// Metadata says that something changed, which is all a watch is for; and
		// the values of Secrets stay out of memory.
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(r.realmsOf), builder.OnlyMetadata)
	}
	realms, err := b.Build(r)
	if err != nil {
		return err
	}
	asking, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("create discovery client: %w", err)
	}
	r.kinds = kinds.NewRegistry(asking, r.now, kinds.Watches{
		Begin: func(_ context.Context, kind client.Object) error {
			return realms.Watch(source.Kind(mgr.GetCache(), kind, handler.EnqueueRequestsFromMapFunc(r.realmsOf)))
		},
		End: func(ctx context.Context, kind client.Object) error { return mgr.GetCache().RemoveInformer(ctx, kind) },
	}, notified)
	return nil
}

// moreThanStatus reports whether more than an object's status has changed. Before
// Kubernetes 1.37 an autoscaler has no generation to tell it by.
func moreThanStatus(e event.UpdateEvent) bool {
	before, after := e.ObjectOld, e.ObjectNew
	return after.GetGeneration() == 0 || before.GetGeneration() != after.GetGeneration() ||
		before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero() ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) ||
		!equality.Semantic.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
}

// watched are the kinds of which realms are made.
func watched() []client.Object {
	return []client.Object{
		&corev1.Secret{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&appsv1.Deployment{}, &appsv1.StatefulSet{}, &policyv1.PodDisruptionBudget{},
		&networkingv1.Ingress{}, &networkingv1.NetworkPolicy{},
	}
}
