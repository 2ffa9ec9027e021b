// SPDX-License-Identifier: Apache-2.0

// Package authserver is the server of one realm. Run serves it, Migrate prepares its
// database, and Import brings users of another system; all are told everything by a
// folder of documents (see realmconfig), and none ever talks to Kubernetes.
package authserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// Options is what Run and Migrate are given; every field they name is required,
// but those that say what zero means.
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

	// DatabaseTimeout is how long one statement may take, including the wait for a
	// connection; zero is three seconds.
	DatabaseTimeout time.Duration
	// PasswordTimeout is how long a login may wait for a processor; zero is five
	// seconds.
	PasswordTimeout time.Duration
	// CacheTimeout is how long one call of the cache may take before the server goes
	// on without it; zero is a tenth of a second.
	CacheTimeout time.Duration
	// LogoutTimeout is how long a client may take to hear of one sign-out; zero is five
	// seconds.
	LogoutTimeout time.Duration

	// API and Ops are the listeners to serve; they are closed.
	API, Ops net.Listener
	// DrainDelay is how long to go on serving after ctx is done, until the
	// cluster has stopped sending new connections.
	DrainDelay time.Duration
}

// Run serves the realm until ctx is done, then drains and returns nil. It
// returns an error when the documents are bad at start, the database does not
// answer in five minutes, its schema is too old, or a listener fails. Redis
// being away is no error.
func Run(ctx context.Context, o Options) error {
	defer func() { _, _ = o.API.Close(), o.Ops.Close() }()
	o.Log = slog.New(request.LogHandler(o.Log.Handler()))
	folder, err := live.Open(o.ConfigDir, o.Log)
	if err != nil {
		return err
	}
	o.Log = o.Log.With("realm", folder.Config().Realm)
	s := newServer(o, folder, lifecycle.New(ctx, o.Log))
	s.life.Start("settings", lifecycle.Forever(folder.Watch))
	s.life.Start("ops listener", s.serveOps)
	ctx, cancel := s.life.Until(ctx) // nothing to wait for when a task has failed
	defer cancel()
	err = s.serveRealm(ctx)
	return errors.Join(err, s.life.Stop())
}
