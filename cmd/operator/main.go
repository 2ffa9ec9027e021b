// SPDX-License-Identifier: Apache-2.0

// Command operator runs AuthRealms on Kubernetes:
//
//	operator --leader-elect …
//	operator selftest --namespace …
//
// The second proves an installation by a realm that comes and goes.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	controllerconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if err := command(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "selftest" {
		logTo(logr.Discard()) // it says itself what it does
		return runSelftest(ctx, args[1:], os.Stdout)
	}
	f, err := parseFlags(args, os.Stderr)
	if err != nil {
		return err
	}
	logger := logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: f.logLevel}))
	logTo(logger)
	logger.Info("Starting", "version", version)
	return run(ctx, f, logger)
}

// logTo is for libraries, which log through loggers of the whole process.
func logTo(logger logr.Logger) {
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
}

// gcPercent lets garbage take half of what is in use, where GOGC says nothing else. An
// operator of many realms remembers much and has processors to spare.
const gcPercent = 50

// run works until ctx ends. It returns nil then, and else what went wrong.
func run(ctx context.Context, f flags, logger logr.Logger) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	// One limit for all that the operator asks, so that a restart with a thousand
	// realms is no storm. What has changed goes first in the queues, so nobody waits
	// for the rest.
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(f.kubeAPIQPS, f.kubeAPIBurst)
	mgr, err := newManager(config, f, logger)
	if err != nil {
		return fmt.Errorf("create manager: %w", err)
	}
	var lease types.NamespacedName
	if f.leaderElect {
		lease = controllers.LeaseOf(f.namespace, f.watchNamespace)
	}
	err = controllers.Setup(mgr, controllers.Options{
		AuthServerImage:  f.image,
		PostgresImage:    f.postgresImage,
		RedisImage:       f.redisImage,
		ImagePullSecrets: f.pullSecrets,
		Policy:           f.policy,
		Now:              time.Now,
		Random:           rand.Reader,
		AskPod:           controllers.AskOverHTTP(podClient()),
		AskProvider:      controllers.AskProvidersOverHTTP(),
		Namespace:        f.namespace,
		WatchNamespace:   f.watchNamespace,
		Lease:            lease,
		Metrics:          metrics.Registry,
	})
	if err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run manager: %w", err)
	}
	return nil
}

func newManager(config *rest.Config, f flags, logger logr.Logger) (ctrl.Manager, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	// Whoever leads must say so in time, whatever else is asked.
	election, lease := rest.CopyConfig(config), controllers.LeaseOf(f.namespace, f.watchNamespace)
	election.RateLimiter = nil
	options := ctrl.Options{
		Scheme:                 scheme,
		Logger:                 logger,
		Metrics:                metricsserver.Options{BindAddress: f.metricsAddress},
		HealthProbeBindAddress: f.healthAddress,
		LeaderElection:         f.leaderElect,
		LeaderElectionConfig:   election,
		LeaderElectionID:       lease.Name,
		// Found out by itself, it would be that of the pod.
		LeaderElectionNamespace: lease.Namespace,
		// Safe because the process ends right after the manager does.
		LeaderElectionReleaseOnCancel: true,
		// An operator that waits for its turn already knows the cluster.
		Controller: controllerconfig.Controller{EnableWarmup: new(true)},
	}
	if f.watchNamespace != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{f.watchNamespace: {}}
	}
	// A look at a kind that has gone must not begin to watch it again.
	options.Cache.ReaderFailOnMissingInformer = true
	options.Cache.ByObject = controllers.CachedObjects()
	// Nobody reads managed fields, and they are half of every object's size.
	options.Cache.DefaultTransform = cache.TransformStripManagedFields()

	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, err
	}
	return mgr, errors.Join(
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("ping", healthz.Ping),
	)
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// podClient asks pods directly: never through a proxy, and without keeping
// connections to pods that come and go.
func podClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
