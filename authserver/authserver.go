// SPDX-License-Identifier: Apache-2.0

// Package authserver is the server of one realm. Run serves it and Migrate
// prepares its database; both are told everything by a folder of documents
// (see realmconfig) and neither ever talks to Kubernetes.
package authserver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/commonpasswords"
	"github.com/realmkeeper/realmkeeper/authserver/internal/httpapi"
	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/metrics"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/token"
	"github.com/realmkeeper/realmkeeper/authserver/internal/upstream"
	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// Options is what Run and Migrate are given; every field they name is required.
type Options struct {
	// ConfigDir is the folder of mounted documents, realmconfig.Dir in a pod.
	ConfigDir string
	// Build is the version to report.
	Build string
	Log   *slog.Logger
	Now   func() time.Time

	// HashingWorkers is how many cores may hash passwords at once. Each
	// worker keeps a scheduler's processor to itself while there is work, so
	// GOMAXPROCS must be larger, or every other request waits for a worker.
	HashingWorkers int

	// API and Ops are the listeners to serve; they are closed.
	API, Ops net.Listener
	// DrainDelay is how long to go on serving after ctx is done, until the
	// cluster has stopped sending new connections.
	DrainDelay time.Duration
}

const (
	// longestPasswordWait is how long a login may wait for a processor.
	longestPasswordWait = 5 * time.Second
	// mostPasswordsWaiting bounds the logins that wait for one.
	mostPasswordsWaiting = 1000
	pruneInterval        = 10 * time.Minute
)

// Run serves the realm until ctx is done, then drains and returns nil. It
// returns an error when the documents are bad at start, the database does not
// answer in five minutes, its schema is too old, or a listener fails. Redis
// being away is no error.
func Run(ctx context.Context, o Options) error {
	defer func() { _, _ = o.API.Close(), o.Ops.Close() }()
	o.Log = slog.New(httpapi.LogHandler(o.Log.Handler()))
	folder, err := live.Open(o.ConfigDir, o.Log)
	if err != nil {
		return err
	}
	o.Log = o.Log.With("realm", folder.Config().Realm)
	s := newServer(o, folder)

	// What watches and prunes goes on while requests drain, and ends with them.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, groupCtx := errgroup.WithContext(background)
	group.Go(func() error { folder.Watch(groupCtx); return nil })
	group.Go(func() error { return s.serveOps(groupCtx) })
	group.Go(func() error {
		defer stop()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(groupCtx, cancel)() // nothing to wait for when the rest has failed
		return s.serveRealm(ctx, groupCtx, group)
	})
	return group.Wait()
}

// server is one Run.
type server struct {
	Options
	folder  *live.Folder
	metrics *metrics.Metrics
	tokens  *token.Tokens
	phase   atomic.Int32
	engine  atomic.Pointer[password.Engine] // nil until the stores are open

	database, cache *keeper
}

func newServer(o Options, folder *live.Folder) *server {
	return &server{
		Options: o, folder: folder, metrics: metrics.New(), tokens: token.New(folder.Snapshot, o.Now),
		database: newKeeper("database", folder, realmconfig.Credentials.Database, o.Log),
		cache:    newKeeper("cache", folder, realmconfig.Credentials.Cache, o.Log),
	}
}

const (
	starting int32 = iota
	ready
	draining
)

// serveRealm opens the stores and serves the API until ctx is done.
func (s *server) serveRealm(ctx, background context.Context, group *errgroup.Group) error {
	store, err := s.openStore(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had started
		}
		return err
	}
	defer store.Close()
	cache, err := s.openCache()
	if err != nil {
		return err
	}
	defer func() { _ = cache.Close() }()
	group.Go(func() error { s.database.keep(background, store); return nil })
	group.Go(func() error { s.cache.keep(background, cache); return nil })

	traces := s.newTracing()
	defer traces.Close()
	engine := newPasswordEngine(s.HashingWorkers)
	defer engine.Close()
	s.engine.Store(engine)
	providers := upstream.New(upstream.Options{Snapshot: s.folder.Snapshot, Client: newProviderClient, Now: s.Now})
	service := auth.New(auth.Deps{
		Store: store, Ephemeral: cache, Tokens: s.tokens, Passwords: tracedEngine{engine}, Providers: providers, Observer: s.metrics,
		Sealer:   sealing.New(func() realmconfig.EncryptionKeys { return s.folder.Snapshot().EncryptionKeys }),
		Courier:  s.newCourier(traces.Task),
		Settings: s.folder.Config, CommonPassword: commonpasswords.Contains, Now: s.Now, Random: rand.Reader, Log: s.Log,
	})
	s.gauge(store, cache, engine)
	if err := await(ctx, "revocations", s.Log, service.LoadRevocations); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had started
		}
		return err
	}
	group.Go(func() error { service.FollowRevocations(background); return nil })
	group.Go(func() error { s.prune(background, service); return nil })
	group.Go(func() error { s.reseal(background, service); return nil })
	defer s.deliver(background, service)()

	pages, err := web.New(web.Deps{
		Auth: service, Settings: s.folder.Config, Log: s.Log, RequestID: httpapi.RequestID, KeepDevice: httpapi.KeepDevice, QR: httpapi.QRDataURI,
		Client: func(r *http.Request) auth.Client { return httpapi.ClientOf(r, s.folder.Config()) },
	})
	if err != nil {
		return err
	}
	return s.serveAPI(ctx, background, httpapi.New(httpapi.Deps{
		Pages: pagesOf(pages), FailPage: pages.Fail,
		Auth: service, JWKS: s.tokens.JWKS, Settings: s.folder.Config,
		Draining: func() bool { return s.phase.Load() == draining },
		Trace:    traces.Request,
		Observe:  s.metrics.Request, Limited: s.metrics.Limited, Log: s.Log,
		Take: func(ctx context.Context, key string, perMinute int) time.Duration {
			return cache.Take(ctx, key, redis.Rate{Burst: perMinute, Window: time.Minute})
		},
	}))
}

func pagesOf(w *web.Web) []httpapi.Page {
	list := []httpapi.Page{}
	for _, p := range w.Pages() {
		list = append(list, httpapi.Page(p))
	}
	return list
}

func newProviderClient(allowPrivate bool) *http.Client {
	return tracedClient(outbound.New(outbound.Options{
		Timeout: upstream.Timeout, MaxAnswer: upstream.MaxAnswer, AllowPrivate: allowPrivate,
	}), "ask provider")
}

// newPasswordEngine measures real time, whatever clock the realm runs on: it is
// about how fast this machine is.
func newPasswordEngine(workers int) *password.Engine {
	return password.New(password.Options{
		Workers: workers, MaxWait: longestPasswordWait, MaxWaiting: mostPasswordsWaiting,
		Now: time.Now, Random: rand.Reader,
	})
}

func (s *server) gauge(store *postgres.Store, cache *redis.Cache, engine *password.Engine) {
	s.metrics.Gauge("password_lanes_busy", "Passwords being hashed.", func() float64 {
		return float64(engine.State().Lanes)
	})
	s.metrics.Gauge("password_queue", "Logins waiting for a processor.", func() float64 {
		return float64(engine.State().Waiting)
	})
	s.metrics.Gauge("password_queue_wait_seconds", "What a login that comes now would wait for a processor.", func() float64 {
		return engine.State().Wait.Seconds()
	})
	s.metrics.Counter("passwords_hashed_total", "Passwords hashed.", func() float64 {
		return float64(engine.State().Hashed)
	})
	s.metrics.Counter("passwords_refused_total", "Passwords not hashed because the queue was full.", func() float64 {
		return float64(engine.State().Refused)
	})
	s.metrics.Gauge("database_connections_open", "Connections to PostgreSQL.", func() float64 {
		open, _ := store.Connections()
		return float64(open)
	})
	s.metrics.Gauge("database_connections_used", "Connections to PostgreSQL in use.", func() float64 {
		_, used := store.Connections()
		return float64(used)
	})
	s.metrics.Gauge("cache_away", "1 while Redis is left alone after failures.", func() float64 {
		if cache.Away() {
			return 1
		}
		return 0
	})
}

// prune deletes expired rows now and then; it never ends the server.
func (s *server) prune(ctx context.Context, service *auth.Service) {
	ticker := time.NewTicker(pruneInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := service.Prune(ctx); err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "expired rows not pruned", "error", err)
			}
		}
	}
}
