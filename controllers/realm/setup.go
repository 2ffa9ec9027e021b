// SPDX-License-Identifier: Apache-2.0

// Package realm turns an AuthRealm into running auth servers.
//
// A pass over a realm gathers what it is made of, asks the pods what they run, rotates
// its keys, renders and applies its objects, and writes the status, once. Deciding is
// left to pure functions; what stands in the way is a conditions.Failure, which becomes
// a condition.
//
// Objects of other kinds that hang on the realm are taken up by its pass; what becomes
// of them they say themselves.
package realm

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
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

	// Policy is what realms may ask for.
	Policy allowed.Policy

	// Now is the time, Random a source fit for keys and passwords.
	Now    func() time.Time
	Random io.Reader

	// AskPod returns what one pod says of itself.
	AskPod podstatus.Ask

	// Events records what happens, Metrics is where what realms say of themselves is
	// registered.
	Events  conditions.Recorder
	Metrics prometheus.Registerer

	// Rivals are other installations, which may be in charge of realms.
	Rivals *installation.Rivals

	// OperatorNamespace is where the operator runs.
	OperatorNamespace string

	// OneNamespace says that the operator may see a single namespace, and nothing that
	// belongs to the cluster.
	OneNamespace bool
}

// concurrency is how many realms are worked on at the same time. A pass mostly
// waits for the API server and for pods: up to a tenth of a second for each list
// that must not come out of a cache. How much is asked at once is bounded by the
// operator's --kube-api-qps.
const concurrency = 16

// Setup adds the controllers of realms to a manager whose indexer has attached.Index.
func Setup(mgr ctrl.Manager, options Options) error {
	writer := status.NewWriter(statusKind(), mgr.GetClient(), options.Events)
	own := ownership.NewOwn(mgr.GetClient(), mgr.GetAPIReader())
	applier := apply.New(mgr.GetClient(), mgr.GetAPIReader(), own, options.Now)
	r := &reconciler{
		Client: mgr.GetClient(),
		live:   mgr.GetAPIReader(),
		events: options.Events,
		status: writer,

		generator:  secrets.NewGenerator(mgr.GetClient(), mgr.GetAPIReader(), applier),
		references: secrets.NewReferences(mgr.GetAPIReader(), own),
		own:        own,
		applier:    applier,
		examples:   &examples.Prover{},
		policy:     options.Policy,

		images: options.Images,
		now:    options.Now,
		random: options.Random,
		ask:    options.AskPod,

		operatorNamespace: options.OperatorNamespace,
		rivals:            options.Rivals,
	}
	wake := make(chan event.GenericEvent)
	err := errors.Join(
		indexNames(mgr.GetFieldIndexer(), options.Images), indexIssuers(mgr.GetFieldIndexer()),
		options.Metrics.Register(newRealmMetrics(mgr.GetCache())),
		r.setup(mgr, !options.OneNamespace, wake),
		status.NewStaleReadyReconciler(writer, mgr.GetClient()).Setup(mgr, "authrealm-overdue", options.Rivals),
		mgr.Add(manager.RunnableFunc(func(ctx context.Context) error { return options.Rivals.Watch(ctx, r.wakeAll(wake)) })),
	)
	if !options.OneNamespace {
		definitions := kinds.NewDefinitionReconciler(r.kinds, mgr.GetAPIReader(), render.CustomKinds(), r.wakeWanting(wake))
		err = errors.Join(err, definitions.Setup(mgr))
	}
	return err
}

func statusKind() status.Kind {
	return status.NewKind("realm", &v1alpha1.AuthRealm{}, func(realm *v1alpha1.AuthRealm) *[]metav1.Condition { return &realm.Status.Conditions })
}
