// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"regexp"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// spellingProblems is the second line: what a migrator relies on, and what an
// observer of few rows cannot see.
func spellingProblems(m postgres.Migration) (problems []string) {
	text := regexp.MustCompile(`--.*`).ReplaceAllString(m.Up(), "")
	says := func(pattern string) bool { return regexp.MustCompile(`(?is)\b` + pattern).MatchString(text) }
	complain := func(holds bool, problem string) {
		if holds {
			problems = append(problems, problem)
		}
	}
	complain(says(`INDEX\s+CONCURRENTLY`) && !says(`DROP\s+INDEX\s+CONCURRENTLY`) && m.Index() == "",
		"begins an index in other words than CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS, so that an unfinished one is not found")
	complain(!m.Transaction() && strings.Count(strings.TrimSpace(text), ";") != 1 && !says(`DO\s`),
		"has no transaction and not one statement")
	complain(says(`LOCK\s+(TABLE\s+)?\w`), "locks a table for no stated time")
	complain(says(`FOR\s+(NO\s+KEY\s+)?UPDATE`), "locks rows for no stated time")
	complain(says(`pg_sleep|pg_advisory`), "waits")
	complain(says(`(lock|statement)_timeout`), "sets how long to wait, which the migrator does")
	complain(m.Transaction() && says(`EXECUTE\s`), "runs text that nobody has read")
	return problems
}
