// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/httpapi"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

const (
	// shutdownTimeout is what requests in hand get once the listener is closed.
	shutdownTimeout = 25 * time.Second
	// shutdownRound is how often connections are asked to end in that time.
	shutdownRound = time.Second
)

func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serveAPI serves until ctx is done, then lets the cluster notice, and only then
// closes the listener: a request that is already on its way is answered.
func (s *server) serveAPI(ctx context.Context, handler http.Handler) error {
	api := newHTTPServer(handler, s.Log)
	api.TLSConfig = tlspolicy.New()
	api.TLSConfig.GetCertificate = s.folder.Certificate
	failed := make(chan error, 1)
	go func() { failed <- api.ServeTLS(s.API, "", "") }()
	s.life.Serving()
	s.Log.InfoContext(ctx, "serving", "address", s.API.Addr().String(), "build", s.Build,
		"config", s.folder.Snapshot().ConfigRevision, "keyset", s.folder.Snapshot().KeysetRevision)

	select {
	case err := <-failed:
		return fmt.Errorf("serve API: %w", err)
	case <-ctx.Done():
	}
	if err := s.life.Err(); err != nil {
		return errors.Join(api.Close(), err)
	}
	s.life.Drain()
	s.Log.Info("draining", "delay", s.DrainDelay)
	select {
	case err := <-failed:
		return fmt.Errorf("serve API: %w", err)
	case <-time.After(s.DrainDelay):
	}
	return shutdown(api)
}

// serveOps serves probes and metrics from the first moment to the last.
func (s *server) serveOps(ctx context.Context) error {
	ops := newHTTPServer(httpapi.NewOps(httpapi.Ops{Health: s.life, Reporter: s, Metrics: s.metrics.Handler()}), s.Log)
	ops.BaseContext = func(net.Listener) context.Context { return ctx }
	failed := make(chan error, 1)
	go func() { failed <- ops.Serve(s.Ops) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve ops: %w", err)
	case <-ctx.Done():
		return ops.Close()
	}
}

// Report implements httpapi.Reporter.
func (s *server) Report() realmconfig.Report {
	r := s.folder.Report(s.Build, s.Now())
	r.TokensSigned = s.tokens.Signed()
	r.ClientUse = s.clientUsage.Report(s.folder.Clients())
	snapshot := s.folder.Snapshot()
	inForce := snapshot.Credentials
	database, cache := s.database.status(), s.cache.status()
	inForce.DatabaseURL, inForce.DatabaseCA, r.DatabaseProblem = database.place.URL, database.place.CA, database.problem
	inForce.CacheURL, inForce.CacheCA, r.CacheProblem = cache.place.URL, cache.place.CA, cache.problem
	r.CredentialsRevision = realmconfig.CredentialsRevision(snapshot.EncryptionKeys, inForce)
	r.UnnamedProxies = s.unnamed.Seen(snapshot.Config.Network)
	if required := s.required.Load(); required != nil {
		r.Requirements = required.Reports()
	}
	if engine := s.engine.Load(); engine != nil {
		cost, tenths := s.folder.Config().Passwords.BcryptCost, func(rate float64) float64 { return math.Round(rate*10) / 10 }
		r.HashesPerSecond, r.NodeHashesPerSecond = tenths(engine.Rate(cost)), tenths(engine.RateOf(runtime.NumCPU(), cost))
	}
	return r
}

// shutdown lets requests finish. net/http asks the HTTP/2 connections that there are to end,
// and waits in vain for one whose handshake was under way: hence it is told again and again.
func shutdown(api *http.Server) error {
	deadline := time.Now().Add(shutdownTimeout)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), min(shutdownRound, time.Until(deadline)))
		err := api.Shutdown(ctx)
		cancel()
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, context.DeadlineExceeded), !time.Now().Before(deadline):
			return fmt.Errorf("finish requests: %w", errors.Join(err, api.Close()))
		}
	}
}
