// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// The initial admin of every test database.
const (
	adminEmail    = realmtest.AdminEmail
	adminPassword = realmtest.AdminPassword
	wrongPassword = "not the password at all"
)

// suite is what the tests share; only TestMain writes to it.
var suite struct {
	postgres *testenv.Postgres
	// localhost is what servers of that name show.
	localhost tls.Certificate
	// log is everything that any server of the suite has logged.
	log *record
	// secrets is every password, token and address that the suite has used.
	secrets *secrets
}

func TestMain(m *testing.M) {
	suite.log, suite.secrets = &record{}, &secrets{}
	suite.secrets.used(adminPassword, wrongPassword, adminEmail, "nobody@example.com")
	os.Exit(run(m))
}

func run(m *testing.M) int {
	forget, err := trustTestServers()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer forget()
	postgres, err := testenv.SharedPostgres(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = postgres.Stop() }()
	suite.postgres = postgres
	if err := realmtest.Prepare(context.Background(), postgres, logger()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" {
		if untold := actionsUntold(suite.log.String()); len(untold) > 0 {
			fmt.Fprintf(os.Stderr, "of all that the suite did, no audit line tells of %v\n", untold)
			return 1
		}
	}
	if leaked := suite.secrets.in(suite.log.String()); len(leaked) > 0 {
		fmt.Fprintf(os.Stderr, "%d secrets stand in the log, here left out:\n%s\n", len(leaked), strings.Join(leaked, "\n"))
		return 1
	}
	return code
}

// actionsUntold are those of package auth that no line of the log tells of.
func actionsUntold(log string) []string {
	source, err := os.ReadFile("internal/auth/event.go")
	if err != nil {
		return []string{err.Error()}
	}
	actions := regexp.MustCompile(`\bAction = ("[a-z_.]+")`).FindAllSubmatch(source, -1)
	if len(actions) == 0 {
		return []string{"any action, since none was found"}
	}
	untold := []string{}
	for _, found := range actions {
		if action := string(found[1]); !strings.Contains(log, `"msg":"audit","action":`+action) &&
			!regexp.MustCompile(`"msg":"audit"[^\n]*"action":`+regexp.QuoteMeta(action)).MatchString(log) {
			untold = append(untold, action)
		}
	}
	return untold
}

func logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(suite.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// record is a log in memory.
type record struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer.String()
}

// secrets is what must never be seen.
type secrets struct {
	mu   sync.Mutex
	seen map[string]bool
}

// shortest is how many bytes a secret has at least: a shorter one, such as a code of six
// digits, stands in tens of megabytes by chance. It is registered with what stands beside it,
// such as quotes.
const shortest = 8

// used panics when a value is shorter than that: a test would else search for an everyday
// word, or for nothing.
func (s *secrets) used(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	for _, v := range values {
		switch {
		case v == "":
		case len(v) < shortest:
			panic(fmt.Sprintf("a secret of %d bytes stands in the log by chance: register it with what stands beside it", len(v)))
		default:
			s.seen[v] = true
		}
	}
}

// in returns, for each secret that stands in a text, a line with it, and without
// it. There are thousands to look for in tens of megabytes, so they are found by
// their first bytes.
func (s *secrets) in(text string) (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byFirst, found := map[string][]string{}, map[string]bool{}
	for v := range s.seen {
		byFirst[v[:shortest]] = append(byFirst[v[:shortest]], v)
	}
	for at := range max(0, len(text)-shortest+1) {
		for _, v := range byFirst[text[at:at+shortest]] {
			if !found[v] && strings.HasPrefix(text[at:], v) {
				found[v] = true
				lines = append(lines, lineOf(text, at, v))
			}
		}
	}
	return lines
}

// lineOf is the line with a secret, and without it.
func lineOf(text string, at int, secret string) string {
	from := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[from:], "\n")
	return strings.ReplaceAll(line, secret, fmt.Sprintf("[%d bytes]", len(secret)))
}
