// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Place is where a store is, and whom to trust there.
type Place struct {
	// URL is a PostgreSQL URL or a Redis URL, password included.
	URL Credential
	// CA is PEM; empty means the public ones.
	CA Credential
}

// Roots are the certificates of the place's CA; nil where it has none of its own.
func (p Place) Roots() (*x509.CertPool, error) {
	if p.CA == "" {
		return nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(p.CA)) {
		return nil, errors.New("the CA holds no certificate in PEM")
	}
	return roots, nil
}

// ValidateDatabaseURL reports the first thing about a PostgreSQL URL that can be
// known without asking anybody. It may name several hosts, as libpq has them.
// The error never quotes the URL.
func ValidateDatabaseURL(text string) error {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme != "postgres" && scheme != "postgresql" {
		return errors.New("must be a URL that starts with postgres:// or postgresql://")
	}
	hosts, path, rawQuery := splitDatabaseURL(rest)
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return errors.New("what follows the question mark is malformed")
	}
	// A part of the password would be taken for another, and shown.
	if strings.Contains(strings.Join(slices.Collect(maps.Keys(query)), "")+hosts+path, "@") {
		return errUnescaped()
	}
	if hosts == "" && query.Get("host") == "" {
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

// splitDatabaseURL reads what stands after the scheme as libpq does. It is not
// for url.Parse, which takes only one host.
func splitDatabaseURL(rest string) (hosts, path, query string) {
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		rest = rest[i+1:]
	}
	rest, query, _ = strings.Cut(rest, "?")
	hosts, path, _ = strings.Cut(rest, "/")
	return hosts, path, query
}

func errUnescaped() error {
	return errors.New("is malformed; @ : / ? # % in a password must be percent-encoded")
}

func sslModes() []string {
	return []string{"", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

// DatabaseQuery is what follows the question mark of a PostgreSQL URL.
func DatabaseQuery(text string) string {
	_, rest, _ := strings.Cut(text, "://")
	_, _, query := splitDatabaseURL(rest)
	return query
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
	if err != nil || u.Fragment != "" {
		return errUnescaped()
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
