// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

const (
	// CallTimeout is how long one call may take, connecting included. PostgreSQL
	// answers in a few milliseconds, so a cache slower than this is no help.
	CallTimeout = 100 * time.Millisecond
	// patience bounds whatever a call does not wait for, if the call's own time is
	// shorter: connecting goes on for the next call when the one that asked for it
	// has given up.
	patience = time.Second
	// probeTimeout bounds finding out whether a place answers: sentinels, or the
	// nodes of a cluster, are asked first.
	probeTimeout = 3 * time.Second
	// retries, because a connection that a restart has killed is not an outage;
	// dials, because a refused one is.
	retries, dials = 1, 1
)

// client is connected to one place.
type client struct {
	redis.UniversalClient
	place realmconfig.Place
}

// connect prepares a client of the kind that the URL's scheme names; no call
// may take longer than timeout. It does not connect yet. The error never quotes the URL.
func connect(p realmconfig.Place, timeout time.Duration) (*client, error) {
	roots, err := p.Roots()
	if err != nil {
		return nil, fmt.Errorf("read cache CA: %w", err)
	}
	if err := realmconfig.ValidateCacheURL(string(p.URL)); err != nil {
		return nil, fmt.Errorf("read cache URL: %w", err)
	}
	kind, url, err := realmconfig.CacheKindOf(string(p.URL))
	if err != nil {
		return nil, fmt.Errorf("read cache URL: %w", err)
	}
	c, err := map[realmconfig.CacheKind]func(string, *x509.CertPool, time.Duration) (redis.UniversalClient, error){
		realmconfig.SingleCache: single, realmconfig.SentinelCache: sentinel, realmconfig.ClusterCache: cluster,
	}[kind](url, roots, max(patience, timeout))
	if err != nil {
		return nil, errors.New("read cache URL: it is not a Redis URL")
	}
	c.AddHook(traced{})
	return &client{c, p}, nil
}

func single(url string, roots *x509.CertPool, patience time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, retries, dials
	o.MaintNotificationsConfig = silent()
	trust(o.TLSConfig, roots)
	return redis.NewClient(o), nil
}

func sentinel(url string, roots *x509.CertPool, patience time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(url)
	if err != nil {
		return nil, err
	}
	if o.RouteByLatency || o.RouteRandomly || o.ReplicaOnly {
		return nil, errors.New("replicas are behind, and cannot be written to")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, retries, dials
	trust(o.TLSConfig, roots)
	return redis.NewFailoverClient(o), nil
}

func cluster(url string, roots *x509.CertPool, patience time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(url)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
		return nil, errors.New("replicas are behind, and cannot be written to")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, retries, dials
	o.MaintNotificationsConfig = silent()
	trust(o.TLSConfig, roots)
	return redis.NewClusterClient(o), nil
}

// silent is for servers that do not know this handshake: they refuse it, on
// every connection.
func silent() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// trust has every server shown a certificate of its own name, not of the first
// one's in the URL.
func trust(c *tls.Config, roots *x509.CertPool) {
	if c == nil {
		return // in the clear
	}
	tlspolicy.Require(c)
	c.ServerName = ""
	if roots != nil {
		c.RootCAs = roots
	}
}
