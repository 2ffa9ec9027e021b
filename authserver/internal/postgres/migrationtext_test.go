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
	text := withoutComments(m.Up())
	says := func(pattern string) bool { return regexp.MustCompile(`(?is)\b` + pattern).MatchString(text) }
	complain := func(holds bool, problem string) {
		if holds {
			problems = append(problems, problem)
		}
	}
	complain(says(`INDEX\s+CONCURRENTLY`) && !says(`DROP\s+INDEX\s+CONCURRENTLY`) && m.Index() == "",
		"begins an index in other words than CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS, so that an unfinished one is not found")
	complain(!m.Transaction() && strings.Count(withoutStrings(text), ";") != 1 && !says(`DO\s`),
		"has no transaction and not one statement")
	complain(says(`LOCK\s+(TABLE\s+)?\w`), "locks a table for no stated time")
	complain(says(`FOR\s+(NO\s+KEY\s+)?UPDATE`), "locks rows for no stated time")
	complain(says(`pg_sleep|pg_advisory`), "waits")
	complain(says(`(lock|statement)_timeout`), "sets how long to wait, which the migrator does")
	// By a trigger, whose function stands here; or what concerns rights alone, which keeps nobody waiting.
	called := regexp.MustCompile(`(?i)EXECUTE\s+(FUNCTION\b|PROCEDURE\b|format\('(GRANT %s ON|ALTER TABLE \w+ OWNER TO)\s)`).ReplaceAllString(text, "")
	complain(m.Transaction() && regexp.MustCompile(`(?i)\bEXECUTE\s`).MatchString(called), "runs text that nobody has read")
	return problems
}

var stringOrComment = regexp.MustCompile(`'(?:[^']|'')*'|--[^\n]*`)

// withoutComments knows that two hyphens in a string begin none.
func withoutComments(sql string) string {
	return stringOrComment.ReplaceAllStringFunc(sql, func(part string) string {
		if strings.HasPrefix(part, "--") {
			return ""
		}
		return part
	})
}

func withoutStrings(sql string) string { return stringOrComment.ReplaceAllString(sql, "") }
