// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ValidateDatabaseURL reports the first thing about a PostgreSQL URL that can be
// known without asking anybody. It may name several hosts, as libpq has them.
// The error never quotes the URL.
func ValidateDatabaseURL(text string) error {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme != "postgres" && scheme != "postgresql" {
		return errors.New("must be a URL that starts with postgres:// or postgresql://")
	}
	// Not url.Parse, which takes only one host.
	rest, rawQuery, _ := strings.Cut(rest, "?")
	authority, _, _ := strings.Cut(rest, "/")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return errors.New("what follows the question mark is malformed")
	}
	if authority[strings.LastIndex(authority, "@")+1:] == "" && query.Get("host") == "" {
		return errors.New("must name a host")
	}
	if mode := query.Get("sslmode"); !slices.Contains(sslModes(), mode) {
		return errors.New("sslmode: must be disable, allow, prefer, require, verify-ca or verify-full")
	}
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey", "passfile", "service", "servicefile"} {
		if value := query.Get(name); value != "" && value != "system" {
			return fmt.Errorf("%s: names a file, and the server's pods have none but those that are mounted", name)
		}
	}
	return nil
}

func sslModes() []string {
	return []string{"", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

// CacheKind is how a Redis or Valkey is run.
type CacheKind string

const (
	// SingleCache is one server: redis:// or, with TLS, rediss://.
	SingleCache CacheKind = "Single"
	// SentinelCache is what sentinels say is the master: redis+sentinel:// or
	// rediss+sentinel://, with the query parameter master_name.
	SentinelCache CacheKind = "Sentinel"
	// ClusterCache is a Redis Cluster: redis+cluster:// or rediss+cluster://.
	ClusterCache CacheKind = "Cluster"
)

// CacheKindOf is what kind a URL is of, and its plain form, whose scheme is
// redis or rediss. The error says what is wrong and never quotes the URL.
func CacheKindOf(text string) (kind CacheKind, plain string, err error) {
	scheme, rest, _ := strings.Cut(text, "://")
	scheme, suffix, _ := strings.Cut(scheme, "+")
	kind, known := map[string]CacheKind{"": SingleCache, "sentinel": SentinelCache, "cluster": ClusterCache}[suffix]
	if !known || scheme != "redis" && scheme != "rediss" {
		return "", "", errors.New("must be a URL that starts with redis:// or rediss://, redis+sentinel:// or rediss+sentinel://, redis+cluster:// or rediss+cluster://")
	}
	return kind, scheme + "://" + rest, nil
}

// ValidateCacheURL reports the first thing about a Redis URL that can be known
// without asking anybody. The error never quotes the URL.
func ValidateCacheURL(text string) error {
	kind, plain, err := CacheKindOf(text)
	if err != nil {
		return err
	}
	u, err := url.Parse(plain)
	if err != nil {
		return errors.New("is malformed; letters like @ : / ? # % in a password must be percent-encoded")
	}
	query, err := url.ParseQuery(u.RawQuery)
	switch database := strings.Trim(u.Path, "/"); {
	case err != nil:
		return errors.New("what follows the question mark is malformed")
	case u.Hostname() == "":
		return errors.New("must name a host")
	case kind == SentinelCache && query.Get("master_name") == "":
		return errors.New("master_name: must name the master that the sentinels watch")
	case kind == ClusterCache && database != "" && database != "0":
		return errors.New("a cluster has no database but 0")
	case strings.Trim(database, "0123456789") != "":
		return errors.New("the path must be the number of a database")
	}
	return nil
}
