// SPDX-License-Identifier: Apache-2.0

// Package controllers turns AuthRealms into running auth servers, and attaches
// OAuthProviders to them.
//
// A pass over a realm gathers what it is made of, renders its objects, applies
// them, asks the pods what they run, and writes the status, once. Deciding is
// left to pure functions; what a retry cannot cure is a failure, which becomes
// a condition and heals by the event that removes it.
//
// Each kind has one writer of its status, but for a Ready about a spec that has been
// replaced: when no pass has come to its end for some seconds, it is taken back. A provider is attached by the pass over
// its realm; the pass over the provider says what became of it.
package controllers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
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
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// Options are what the controllers need besides a manager. All but OneNamespace
// are required.
type Options struct {
	// AuthServerImage, PostgresImage and RedisImage run where a realm names none.
	AuthServerImage, PostgresImage, RedisImage string

	// Now is the time.
	Now func() time.Time

	// Random is a source fit for keys and passwords.
	Random io.Reader

	// AskPod returns what one pod says of itself; see AskOverHTTP.
	AskPod AskPod

	// AskProvider finds out whether an identity provider will do; see
	// AskProvidersOverHTTP.
	AskProvider AskProvider

	// Namespace is where the operator runs: realms with a network policy let it
	// in from there.
	Namespace string

	// OneNamespace says that the operator may see a single namespace, and nothing
	// that belongs to the cluster. It then finds out late that kinds were
	// installed.
	OneNamespace bool

	// Metrics is where what realms say of themselves is registered.
	Metrics prometheus.Registerer
}

// AskPod returns what one pod says of itself.
type AskPod = podstatus.Ask

// AskOverHTTP asks a pod's ops listener.
func AskOverHTTP(client *http.Client) AskPod { return podstatus.OverHTTP(client) }

// AskProvider finds out whether an identity provider will do.
type AskProvider = preflight.Ask

// AskProvidersOverHTTP asks providers as auth servers do, and proves the client
// secret with a code that nobody has.
func AskProvidersOverHTTP() AskProvider {
	return preflight.OverHTTP(func(allowPrivate bool) *http.Client {
		return outbound.New(outbound.Options{
			Timeout: preflight.Timeout, MaxAnswer: preflight.MaxAnswer, AllowPrivate: allowPrivate,
		})
	})
}

func (o Options) validate() error {
	switch {
	case o.AuthServerImage == "" || o.PostgresImage == "" || o.RedisImage == "":
		return errors.New("the images of auth server, PostgreSQL and Redis must be named")
	case o.Now == nil || o.Random == nil || o.AskPod == nil || o.AskProvider == nil || o.Metrics == nil:
		return errors.New("a clock, a source of randomness, ways to ask pods and providers, and a place for metrics must be given")
	}
	return nil
}

// concurrency is how many realms are worked on at the same time. A pass mostly
// waits for the API server and for pods.
const concurrency = 8

// reconciler makes realms come true.
type reconciler struct {
	client.Client

	// live reads past the cache: the contents of Secrets, which are never
	// cached, and what must not be decided on stale knowledge.
	live   client.Reader
	events conditions.Recorder

	secrets   secrets.Reader
	generator secrets.Generator
	applier   *apply.Applier

	images render.Images
	now    func() time.Time
	random io.Reader
	ask    podstatus.Ask

	namespace string
	kinds     *kinds.Registry
}

// What leader election needs, in the operator's own namespace:
//
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=realmkeeper-system,verbs=create;get;update
// +kubebuilder:rbac:groups="",resources=events,namespace=realmkeeper-system,verbs=create;patch

// Setup adds the controllers to a manager whose scheme knows the API.
func Setup(mgr ctrl.Manager, options Options) error {
	if err := options.validate(); err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	r := &reconciler{
		Client: mgr.GetClient(),
		live:   mgr.GetAPIReader(),
		events: conditions.NewRecorder(mgr.GetEventRecorder("realmkeeper")),
		images: render.Images{
			AuthServer: options.AuthServerImage,
			Postgres:   options.PostgresImage,
			Redis:      options.RedisImage,
		},
		now:    options.Now,
		random: options.Random,
		ask:    options.AskPod,

		namespace: options.Namespace,

		secrets:   secrets.NewReader(mgr.GetAPIReader()),
		generator: secrets.NewGenerator(mgr.GetClient(), mgr.GetAPIReader()),
		applier:   apply.New(mgr.GetClient(), mgr.GetAPIReader()),
	}
	wake := make(chan event.GenericEvent)
	err := errors.Join(
		indexNames(mgr.GetFieldIndexer()), indexIssuers(mgr.GetFieldIndexer()), indexProviders(mgr.GetFieldIndexer()),
		options.Metrics.Register(newRealmMetrics(mgr.GetCache())),
		r.setupRealms(mgr, !options.OneNamespace, wake), newProviderReconciler(r, options.AskProvider).setup(mgr),
		newOverdueReconciler(r, &v1alpha1.AuthRealm{}, conditionsOfRealm).setup(mgr, "authrealm-overdue"),
		newOverdueReconciler(r, &v1alpha1.OAuthProvider{}, conditionsOfProvider).setup(mgr, "oauthprovider-overdue"),
	)
	if !options.OneNamespace {
		err = errors.Join(err, kinds.NewDefinitionReconciler(r.kinds, mgr.GetAPIReader(), render.CustomKinds(), r.wakeWanting(wake)).Setup(mgr))
	}
	if err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	return nil
}

func (r *reconciler) setupRealms(mgr ctrl.Manager, told bool, wake <-chan event.GenericEvent) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("authrealm").
		// Status is the operator's own: a change of it is no news. Annotations give up
		// what was lost.
		For(&v1alpha1.AuthRealm{}, builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.AuthRealm{}, handler.EnqueueRequestsFromMapFunc(r.rivalsOf),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.OAuthProvider{}, handler.EnqueueRequestsFromMapFunc(realmOf), builder.WithPredicates(concernsOthers())).
		// Its status changes with the load: four times a minute, and is no news.
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(r.realmsOf),
			builder.OnlyMetadata, builder.WithPredicates(predicate.Funcs{UpdateFunc: statusAside})).
		WatchesRawSource(source.Channel(wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency})
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
	}, told)
	return nil
}

// statusAside reports whether more than an object's status has changed. Before
// Kubernetes 1.37 an autoscaler has no generation to tell it by.
func statusAside(e event.UpdateEvent) bool {
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
