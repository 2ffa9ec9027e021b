// SPDX-License-Identifier: Apache-2.0

// Package controllers turns AuthRealms into running auth servers, and attaches
// OAuthProviders to them.
//
// Each kind has a package of its own: realm makes and watches everything a realm
// consists of, provider says what became of a provider, which the pass over its realm
// attaches. What kinds share is below internal. Setup puts them together; it is all
// that a program needs.
package controllers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/provider"
	"github.com/realmkeeper/realmkeeper/controllers/realm"
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

// What leader election needs, in the operator's own namespace:
//
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=realmkeeper-system,verbs=create;get;update
// +kubebuilder:rbac:groups="",resources=events,namespace=realmkeeper-system,verbs=create;patch

// Setup adds the controllers to a manager whose scheme knows the API.
func Setup(mgr ctrl.Manager, options Options) error {
	if err := options.validate(); err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	events := conditions.NewRecorder(mgr.GetEventRecorder("realmkeeper"))
	err := errors.Join(
		attached.Index(mgr.GetFieldIndexer()),
		realm.Setup(mgr, realm.Options{
			Images: render.Images{
				AuthServer: options.AuthServerImage, Postgres: options.PostgresImage, Redis: options.RedisImage,
			},
			Now: options.Now, Random: options.Random, AskPod: options.AskPod, Events: events, Metrics: options.Metrics,
			OperatorNamespace: options.Namespace, OneNamespace: options.OneNamespace,
		}),
		provider.Setup(mgr, provider.Options{Now: options.Now, Ask: options.AskProvider, Events: events}),
	)
	if err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	return nil
}
