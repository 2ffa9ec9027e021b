// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestDatabaseURLs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, problem string }{
		"one host":                      {"postgres://app:hunter2@db:5432/app", ""},
		"as CloudNativePG writes it":    {"postgresql://app:hunter2@pg-rw.identity:5432/app", ""},
		"several hosts":                 {"postgres://app:hunter2@db-1:5432,db-2:5432/app?target_session_attrs=read-write", ""},
		"hosts in the query":            {"postgres:///app?host=db-1,db-2&user=app", ""},
		"the public CAs":                {"postgres://app:hunter2@db/app?sslmode=verify-full&sslrootcert=system", ""},
		"a question mark as it is":      {"postgres://app:hunter2?@db/app", ""},
		"an @ in the password":          {"postgres://app:hunter2@2@db/app", "must be percent-encoded"},
		"a slash in the password":       {"postgres://app:12/hunter2@db/app", "must be percent-encoded"},
		"both in the password":          {"postgres://app:12?/hunter2@db/app", "must be percent-encoded"},
		"nothing":                       {"", "must be a URL that starts with postgres://"},
		"another database":              {"mysql://app:hunter2@db/app", "must be a URL that starts with postgres://"},
		"words for libpq":               {"host=db password=hunter2", "must be a URL that starts with postgres://"},
		"no host":                       {"postgres://app:hunter2@/app", "must name a host"},
		"an unknown mode":               {"postgres://app:hunter2@db/app?sslmode=always", "sslmode: must be"},
		"a file that no pod has":        {"postgres://app:hunter2@db/app?sslrootcert=/home/me/ca.crt", "sslrootcert: names a file"},
		"a query that cannot be parsed": {"postgres://app:hunter2@db/app?a=%zz", "what follows the question mark"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectProblem(t, realmconfig.ValidateDatabaseURL(c.url), c.problem)
		})
	}
}

func TestCacheURLs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, problem string }{
		"one server":                  {"redis://:hunter2@cache:6379/0", ""},
		"with TLS":                    {"rediss://realm:hunter2@cache/3", ""},
		"sentinels":                   {"redis+sentinel://s-1:26379/0?master_name=main&addr=s-2:26379&password=hunter2", ""},
		"sentinels with TLS":          {"rediss+sentinel://s-1:26379?master_name=main", ""},
		"a cluster":                   {"redis+cluster://:hunter2@node-1:6379?addr=node-2:6379", ""},
		"a cluster with TLS":          {"rediss+cluster://node-1:6379/0", ""},
		"nothing":                     {"", "must be a URL that starts with redis://"},
		"another scheme":              {"http://hunter2@cache", "must be a URL that starts with redis://"},
		"a kind that does not exist":  {"redis+ring://cache", "must be a URL that starts with redis://"},
		"no host":                     {"redis://:hunter2@/0", "must name a host"},
		"sentinels of nobody":         {"redis+sentinel://s-1:26379/0", "master_name: must name"},
		"a cluster's second database": {"redis+cluster://node-1:6379/1", "a cluster has no database but 0"},
		"a database with a name":      {"redis://cache/main", "the path must be the number"},
		"a number sign in a password": {"redis://realm:12#hunter2@cache/0", "must be percent-encoded"},
		"a slash in a password":       {"redis://realm:12/hunter2@cache/0", "the path must be the number"},
		"a password as it is":         {"redis://:hunter2%@cache/0", "is malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectProblem(t, realmconfig.ValidateCacheURL(c.url), c.problem)
		})
	}
}

func FuzzStoreURLs(f *testing.F) {
	f.Add("postgres://app:hunter2@a:1,b:2/app?sslmode=hunter2&a=%zz")
	f.Add("redis+sentinel://:hunter2@s:1/hunter2?master_name=main#hunter2")
	f.Fuzz(func(t *testing.T, text string) {
		for _, err := range []error{realmconfig.ValidateDatabaseURL(text), realmconfig.ValidateCacheURL(text)} {
			if err != nil && strings.Contains(text, "hunter2") && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes the URL: %v", err)
			}
		}
	})
}
