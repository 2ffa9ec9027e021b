// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"log/slog"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// Option says how a realm differs from one that has nothing but an issuer.
type Option func(*setup)

// setup is what options say.
type setup struct {
	t               testing.TB
	postgres        *testenv.Postgres
	database, cache string
	log             *slog.Logger
	mail            bool
	settings        []func(*realmconfig.Config)
}

// WithPostgres puts the database on a server that was started before, which
// Prepare has filled or the realm migrates.
func WithPostgres(p *testenv.Postgres) Option { return func(s *setup) { s.postgres = p } }

// WithDatabase takes a database as it is; it must have the tables of a realm
// before the realm is served.
func WithDatabase(url string) Option { return func(s *setup) { s.database = url } }

// WithCache puts the cache elsewhere than on a Redis of the test's own.
func WithCache(url string) Option { return func(s *setup) { s.cache = url } }

// WithLog keeps what servers log, which is thrown away otherwise.
func WithLog(log *slog.Logger) Option { return func(s *setup) { s.log = log } }

// WithMail lets the realm send mail to an SMTP server of its own.
func WithMail() Option { return func(s *setup) { s.mail = true } }

// WithSettings changes settings from the beginning.
func WithSettings(change func(*realmconfig.Config)) Option {
	return func(s *setup) { s.settings = append(s.settings, change) }
}

// databaseURL also says whether the database has its tables.
func (s *setup) databaseURL() (url string, migrated bool) {
	s.t.Helper()
	if s.database != "" {
		return s.database, true
	}
	if s.postgres == nil {
		s.postgres = testenv.NewPostgres(s.t)
	}
	return s.postgres.Database(s.t), s.postgres.Prepared()
}
