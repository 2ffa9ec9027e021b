// SPDX-License-Identifier: Apache-2.0

// Package provider says what became of an OAuthProvider.
//
// A pass over a provider finds its realm and its client secret, decides which callback
// it has beside its neighbours, asks the provider whether it will do, and compares what
// the realm's pods run with what the spec says. It writes nothing but the provider's
// status: attaching it is part of the pass over its realm.
package provider

import (
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// Options are what the controller of providers needs besides a manager. All are
// required.
type Options struct {
	// Policy is what providers may ask for.
	Policy allowed.Policy

	// Now is the time.
	Now func() time.Time

	// Ask finds out whether an identity provider will do.
	Ask preflight.Ask

	// Events records what happens.
	Events conditions.Recorder

	// Rivals are other installations, which may be in charge of providers.
	Rivals *installation.Rivals
}

// concurrency is how many providers are worked on at the same time. A pass mostly
// waits for a provider, and for one that does not answer all of ten seconds.
const concurrency = 16

// Setup adds the controllers of providers to a manager whose indexer has
// attached.Index.
func Setup(mgr ctrl.Manager, options Options) error {
	o := &observer{
		cache: mgr.GetClient(), policy: options.Policy, now: options.Now, ask: options.Ask,
		references: secrets.NewReferences(mgr.GetAPIReader(), ownership.NewOwn(mgr.GetClient(), mgr.GetAPIReader())),
	}
	return attached.Controller[*v1alpha1.OAuthProvider]{
		Kind: attached.ProviderKind(), Name: "oauthprovider", Concurrency: concurrency, Rivals: options.Rivals,
		Events: options.Events, Pass: o.pass, Forget: o.answers.forget,
	}.Setup(mgr)
}
