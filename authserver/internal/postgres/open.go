// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

const (
	connectTimeout = 3 * time.Second
	// connectTimeoutOfSeveral leaves time, within that of a statement, for the
	// host after one that is dead.
	connectTimeoutOfSeveral = time.Second
	// defaultConnections is per pod, unless the URL says pool_max_conns.
	defaultConnections = 10
	// keptConnections stay open while nothing happens, unless the URL says
	// pool_min_conns: they serve while new ones are refused.
	keptConnections = 2
	// keptDescriptions are more than there are statements.
	keptDescriptions = 512
	// connectionsAgeApart keeps connections from reaching their age together.
	connectionsAgeApart = 15 * time.Minute
)

// configure reads a place. The error never quotes the URL.
func configure(p realmconfig.Place) (*pgxpool.Config, error) {
	roots, err := p.Roots()
	if err != nil {
		return nil, fmt.Errorf("read database CA: %w", err)
	}
	text := string(p.URL)
	if err := realmconfig.ValidateDatabaseURL(text); err != nil {
		return nil, fmt.Errorf("read database URL: %w", err)
	}
	config, err := pgxpool.ParseConfig(checked(text, roots))
	if err != nil {
		return nil, errors.New("read database URL: it is not a PostgreSQL URL")
	}
	trust(config.ConnConfig, roots)
	if !strings.Contains(text, "pool_max_conns=") {
		config.MaxConns = defaultConnections
	}
	if !strings.Contains(text, "pool_min_conns=") {
		config.MinConns = min(keptConnections, config.MaxConns)
	}
	if !strings.Contains(text, "pool_max_conn_lifetime_jitter=") {
		config.MaxConnLifetimeJitter = connectionsAgeApart
	}
	if c := config.ConnConfig; c.StatementCacheCapacity == 0 && c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // which is what whoever keeps none means
	}
	if config.ConnConfig.DescriptionCacheCapacity == 0 {
		config.ConnConfig.DescriptionCacheCapacity = keptDescriptions
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "realmkeeper"
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	if hosts(config.ConnConfig) > 1 {
		config.ConnConfig.ConnectTimeout = connectTimeoutOfSeveral
	}
	return config, nil
}

// checked has the certificate looked at where there is a CA to look with: whoever
// mounts one and says nothing else wants all of it, and require means verify-ca,
// as it does to libpq. Of a parameter that stands twice, the last one counts.
func checked(place string, roots *x509.CertPool) string {
	query := realmconfig.DatabaseQuery(place)
	said, _ := url.ParseQuery(query) // which has been validated
	mode := ""
	if modes := said["sslmode"]; len(modes) > 0 {
		mode = modes[len(modes)-1]
	}
	stronger := map[string]string{"": "verify-full", "require": "verify-ca"}[mode]
	switch {
	case roots == nil || stronger == "":
		return place
	case query != "":
		return place + "&sslmode=" + stronger
	default:
		return strings.TrimSuffix(place, "?") + "?sslmode=" + stronger
	}
}

func trust(config *pgx.ConnConfig, roots *x509.CertPool) {
	configs := []*tls.Config{config.TLSConfig}
	for _, f := range config.Fallbacks {
		configs = append(configs, f.TLSConfig)
	}
	for _, c := range configs {
		if c == nil {
			continue // in the clear
		}
		tlspolicy.Require(c)
		if roots != nil {
			c.RootCAs = roots
		}
	}
}

func hosts(config *pgx.ConnConfig) int {
	type address struct {
		host string
		port uint16
	}
	different := map[address]bool{{config.Host, config.Port}: true}
	for _, f := range config.Fallbacks {
		different[address{f.Host, f.Port}] = true
	}
	return len(different)
}

// withConnection opens one connection for do and closes it. A pooler that gives
// every statement another session is refused.
func withConnection(ctx context.Context, config *pgx.ConnConfig, do func(*pgx.Conn, context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(hosts(config))*config.ConnectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, inOneStep(config))
	if err != nil {
		return inPlainWords(err)
	}
	if err = insistOnTransactions(ctx, conn); err == nil {
		err = do(conn, ctx)
	}
	return errors.Join(err, conn.Close(ctx))
}
