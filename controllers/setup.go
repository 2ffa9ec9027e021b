// SPDX-License-Identifier: Apache-2.0

// Package controllers turns AuthRealms into running auth servers, and attaches
// OAuthProviders and OAuthClients to them.
//
// Each kind has a package of its own: realm makes and watches everything a realm
// consists of, provider says what became of a provider, which the pass over its realm
// attaches, and oauthclient tells pods of clients, and writes their Secrets. What kinds share is below internal. Setup puts them together; it is all
// that a program needs.
package controllers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/oauthclient"
	"github.com/realmkeeper/realmkeeper/controllers/provider"
	"github.com/realmkeeper/realmkeeper/controllers/realm"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// Options are what the controllers need besides a manager. All but Policy,
// ImagePullSecrets, WatchNamespace and Lease are required.
type Options struct {
	// AuthServerImage, PostgresImage and RedisImage run where a realm names none.
	AuthServerImage, PostgresImage, RedisImage string

	// Policy is what realms may ask for besides: they may always name those images, in
	// whatever version. The zero Policy allows nothing more.
	Policy Policy

	// ImagePullSecrets names the Secrets, in a realm's namespace, to pull images with
	// where the realm names none.
	ImagePullSecrets []string

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

	// WatchNamespace is the single namespace that the operator may see, and nothing
	// that belongs to the cluster; empty for all of them. With one, it finds out late
	// that kinds were installed.
	WatchNamespace string

	// Lease is that by which operators of this installation elect one of them, as
	// LeaseOf names it; empty for one that is elected by none, and stands back from
	// whatever an elected one works on.
	Lease types.NamespacedName

	// Metrics is where what realms say of themselves is registered.
	Metrics prometheus.Registerer
}

// Policy is what whoever installs the operator lets realms ask for.
type Policy = allowed.Policy

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

// CachedObjects are the kinds of which a manager's cache needs less than there is. It works
// without, and takes more memory.
func CachedObjects() map[client.Object]cache.ByObject { return kinds.CachedWorkloads() }

// LeaseOf is the Lease of an installation in a namespace that works on the realms of one
// namespace, or of all of them where watched is empty.
func LeaseOf(namespace, watched string) types.NamespacedName {
	return installation.LeaseOf(namespace, watched)
}

func (o Options) validate() error {
	switch {
	case o.AuthServerImage == "" || o.PostgresImage == "" || o.RedisImage == "":
		return errors.New("the images of auth server, PostgreSQL and Redis must be named")
	case o.Now == nil || o.Random == nil || o.AskPod == nil || o.AskProvider == nil || o.Metrics == nil:
		return errors.New("a clock, a source of randomness, ways to ask pods and providers, and a place for metrics must be given")
	}
	return o.Policy.Validate()
}

// What leader election needs, in the operator's own namespace, or in the one that it works
// on alone:
//
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=realmkeeper-system,verbs=create;get;update
// +kubebuilder:rbac:groups="",resources=events,namespace=realmkeeper-system,verbs=create;patch

// Setup adds the controllers to a manager whose scheme knows the API.
func Setup(mgr ctrl.Manager, options Options) error {
	if err := options.validate(); err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	policy := options.Policy.WithImages(options.AuthServerImage, options.PostgresImage, options.RedisImage)
	rivals := installation.NewRivals(mgr.GetAPIReader(), options.Lease, options.WatchNamespace)
	events := conditions.NewRecorder(mgr.GetEventRecorder("realmkeeper"))
	err := errors.Join(
		attached.Index(mgr.GetFieldIndexer()), ownership.Index(mgr.GetFieldIndexer()),
		realm.Setup(mgr, realm.Options{
			Images: render.Images{
				AuthServer: options.AuthServerImage, Postgres: options.PostgresImage, Redis: options.RedisImage,
				PullSecrets: options.ImagePullSecrets,
			},
			Policy: policy, Now: options.Now, Random: options.Random, AskPod: options.AskPod, Events: events, Metrics: options.Metrics,
			Rivals: rivals, OperatorNamespace: options.Namespace, OneNamespace: options.WatchNamespace != "",
		}),
		oauthclient.Setup(mgr, oauthclient.Options{
			Now: options.Now, Random: options.Random, AskPod: options.AskPod, Events: events, Rivals: rivals, OneNamespace: options.WatchNamespace != "",
		}),
		provider.Setup(mgr, provider.Options{Policy: policy, Now: options.Now, Ask: options.AskProvider, Events: events, Rivals: rivals}),
	)
	if err != nil {
		return fmt.Errorf("set up controllers: %w", err)
	}
	return nil
}
