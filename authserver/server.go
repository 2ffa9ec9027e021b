// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/httpapi"
	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/metrics"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/token"
	"github.com/realmkeeper/realmkeeper/authserver/internal/tracing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/upstream"
	"github.com/realmkeeper/realmkeeper/authserver/internal/web"
	"github.com/realmkeeper/realmkeeper/authserver/internal/webauthn"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

const (
	// maxPasswordWait is how long a login may wait for a processor.
	maxPasswordWait = 5 * time.Second
	// maxPasswordsWaiting bounds the logins that wait for one.
	maxPasswordsWaiting = 1000
)

// server is one Run.
type server struct {
	Options
	folder  *live.Folder
	life    *lifecycle.Server
	metrics *metrics.Metrics
	tokens  *token.Tokens
	engine  atomic.Pointer[password.Engine] // nil until the stores are open
	// required is nil until then, too.
	required atomic.Pointer[requirement.Service]

	database, cache *supervisor
	unnamed         *request.UnnamedProxies
	clientUsage     *client.Usage
}

func newServer(o Options, folder *live.Folder, life *lifecycle.Server) *server {
	return &server{
		Options: o, folder: folder, life: life, metrics: metrics.New(), tokens: token.New(folder.Snapshot, o.Now),
		database: newSupervisor("database", folder, realmconfig.Credentials.Database, o.Log),
		cache:    newSupervisor("cache", folder, realmconfig.Credentials.Cache, o.Log),
		unnamed:  request.NewUnnamedProxies(o.Now), clientUsage: client.NewUsage(o.Now),
	}
}

// serveRealm opens the stores and serves the API until ctx is done.
func (s *server) serveRealm(ctx context.Context) error {
	store, err := s.openDatabase(ctx)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	cache, err := s.openCache()
	if err != nil {
		return err
	}
	traces := s.newTracing()
	s.life.OnStop(traces.Close)
	engine := s.newPasswordEngine(s.HashingWorkers, s.folder)
	s.life.OnStop(engine.Close)
	s.engine.Store(engine)
	s.gauge(store, cache, engine)
	sealer := sealing.New(func() realmconfig.EncryptionKeys { return s.folder.Snapshot().EncryptionKeys })
	can := s.newCapabilities(adapters{
		store: store, cache: cache, sealer: sealer, tokens: s.tokens, passwords: tracedEngine{engine},
		providers:  upstream.New(upstream.Options{Snapshot: s.folder.Snapshot, Client: newProviderClient, Now: s.Now}),
		clientKeys: upstream.NewClientKeys(s.folder.Config, newClientKeysClient, s.Now),
		documents:  upstream.NewClientDocuments(s.folder.Config, newClientDocumentsClient),
		transport:  s.newDelivery(traces),
		logouts:    tracedLogouts{upstream.NewLogouts(s.folder.Config, s.newLogoutsClient), traces},
		webauthn:   webauthn.Authenticators{Timeout: passkey.CeremonyLifetime},
	})
	if err := await(ctx, "revocations", s.Log, can.sessions.LoadRevocations); err != nil {
		return unlessStopped(ctx, err)
	}
	s.life.Start("revocations", lifecycle.Forever(can.sessions.FollowRevocations))
	s.startMaintenance(ctx, store, sealer, can)
	s.life.Start("messages", lifecycle.Forever(can.notify.Deliver))
	s.life.Start("logouts", lifecycle.Forever(can.logouts.Deliver))
	handler, err := s.newHandler(can, sealer, cache, traces)
	if err != nil {
		return err
	}
	return s.serveAPI(ctx, handler)
}

// unlessStopped is err, or nil for a server that was told to stop before it had
// started.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *server) newHandler(can capabilities, sealer auth.Sealer, cache *redis.Cache, traces *tracing.Tracing) (http.Handler, error) {
	limiter := request.Limiter{Buckets: minuteBuckets{cache}, Settings: s.folder.Config, Refused: s.metrics, Unnamed: s.unnamed}
	pages, err := web.New(web.Deps{
		Sessions: can.sessions, SignIn: can.signIn, Federation: can.federation, MailCodes: can.mailCodes, Accounts: can.accounts, Admin: can.admin,
		Grants: can.grants, PersonalTokens: can.personal, ServiceAccounts: can.machines, Groups: can.groups, Requirements: can.required, Sealer: sealer, Shelf: cache, Settings: s.folder.Config,
		Now: s.Now, Limiter: limiter, Log: s.Log,
	})
	if err != nil {
		return nil, err
	}
	return httpapi.New(httpapi.Deps{
		Sessions: can.sessions, Clients: can.clients, SignIn: can.signIn, Federation: can.federation, MailCodes: can.mailCodes, Accounts: can.accounts, Admin: can.admin,
		Grants: can.grants, Groups: can.groups, Requirements: can.required, Proofs: can.proofs, PersonalTokens: can.personal, ServiceAccounts: can.machines, Settings: s.folder.Config, Health: s.life,
		Tracer: traces, Observer: s.metrics, Limiter: limiter,
		Beside: slices.Concat(s.newOpenIDProvider(can, sealer, cache, pages, limiter).Routes(), s.newGateways(can, sealer, pages, limiter).Routes(), pages.Pages()), Pages: pages, Log: s.Log,
	}), nil
}

// minuteBuckets implements request.Buckets.
type minuteBuckets struct{ cache *redis.Cache }

// Take implements request.Buckets.
func (b minuteBuckets) Take(ctx context.Context, key string, perMinute int) time.Duration {
	return b.cache.Take(ctx, key, redis.Rate{Burst: perMinute, Window: time.Minute})
}

func newProviderClient(allowPrivate bool) *http.Client {
	return tracedClient(outbound.New(outbound.Options{
		Timeout: upstream.Timeout, MaxAnswer: upstream.MaxAnswer, AllowPrivate: allowPrivate,
	}), "ask provider")
}

func newClientKeysClient(allowPrivate bool) *http.Client {
	return tracedClient(outbound.New(outbound.Options{
		Timeout: upstream.Timeout, MaxAnswer: upstream.MaxClientKeys, AllowPrivate: allowPrivate,
	}), "read client's keys")
}

func newClientDocumentsClient(allowPrivate bool) *http.Client {
	return tracedClient(outbound.New(outbound.Options{
		Timeout: upstream.Timeout, MaxAnswer: registrar.MaxDocument, AllowPrivate: allowPrivate,
	}), "read client's document")
}

// newPasswordEngine measures real time, whatever clock the realm runs on: it is
// about how fast this machine is.
func (o Options) newPasswordEngine(workers int, folder *live.Folder) *password.Engine {
	return password.New(password.Options{
		Workers: workers, MaxWait: cmp.Or(o.PasswordTimeout, maxPasswordWait), MaxWaiting: maxPasswordsWaiting,
		Implementation: func() password.Implementation {
			if folder.Config().Passwords.Engine == realmconfig.StandardEngine {
				return password.Standard
			}
			return password.Interleaved
		},
		Now: time.Now, Random: rand.Reader,
	})
}
