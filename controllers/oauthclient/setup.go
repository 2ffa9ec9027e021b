// SPDX-License-Identifier: Apache-2.0

// Package oauthclient attaches OAuthClients to realms.
//
// A pass over a client finds its realm, asks whether that takes it, moves its secret on and
// writes it into the Secret beside the client, and says in the client's status what became
// of it. A pass over a realm's documents writes what pods are told of its clients, in as
// many documents as there are shards, of which one is written when one client changes; and
// asks the pods how far they have come, which a board tells the passes over clients.
package oauthclient

import (
	"errors"
	"io"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// Options are what the controllers of clients need besides a manager. All but OneNamespace
// are required.
type Options struct {
	// Now is the time, Random a source fit for secrets.
	Now    func() time.Time
	Random io.Reader

	// AskPod returns what one pod says of itself.
	AskPod podstatus.Ask

	// Events records what happens.
	Events conditions.Recorder

	// Rivals are other installations, which may be in charge of clients and realms.
	Rivals *installation.Rivals

	// OneNamespace says that the operator may see a single namespace, and nothing that
	// belongs to the cluster.
	OneNamespace bool
}

// concurrency is how many clients are worked on at the same time, and how many realms'
// documents.
const concurrency = 8

// Setup adds the controllers of clients to a manager whose indexer has attached.Index.
func Setup(mgr ctrl.Manager, options Options) error {
	cache, wake, board, prover := mgr.GetClient(), make(chan event.GenericEvent), newBoard(), &examples.Prover{}
	k := &keeper{
		Client: cache, secrets: secrets.NewReader(mgr.GetAPIReader()), own: ownership.NewOwn(cache, mgr.GetAPIReader()),
		board: board, examples: prover, events: options.Events, now: options.Now, random: options.Random, oneNamespace: options.OneNamespace,
	}
	sources := []source.Source{source.Channel(wake, &handler.EnqueueRequestForObject{})}
	if !options.OneNamespace {
		sources = append(sources, attached.NamespaceLabels(mgr.GetCache(), handler.EnqueueRequestsFromMapFunc(clientsElsewhere(cache))))
	}
	read, err := askCluster(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return err
	}
	d := &documents{
		Client: cache, live: mgr.GetAPIReader(), board: board, examples: prover, cluster: &ownCluster{read: read, now: options.Now}, ask: options.AskPod, now: options.Now, wake: wake, oneNamespace: options.OneNamespace,
	}
	return errors.Join(
		attached.Controller[*v1alpha1.OAuthClient]{
			Kind: attached.ClientKind(), Name: "oauthclient", Concurrency: concurrency, Rivals: options.Rivals,
			Events: options.Events, Pass: k.pass, Sources: sources,
			Forget: k.forget,
		}.Setup(mgr),
		d.setup(mgr, options),
	)
}
