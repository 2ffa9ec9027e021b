// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// statement is one that has run to its end, as PostgreSQL tells of it. Those that
// triggers and foreign keys have run stand by themselves, before what caused them.
type statement struct {
	Text string `json:"Query Text"`
	Plan node   `json:"Plan"`
	// took is what running it took, without planning, and with what it caused.
	took time.Duration
}

// recorder reads the plans that auto_explain writes into the server's log.
type recorder struct {
	path   string
	offset int64
}

// recordPlans has a database tell of every statement of sessions that begin from now on.
// Timing each row would cost more than some statements take.
func recordPlans(ctx context.Context, conn *pgx.Conn, logFile string) (*recorder, error) {
	for _, sql := range []string{
		"ALTER SYSTEM SET log_line_prefix = '%a|'", "SELECT pg_reload_conf()",
		`DO $$ DECLARE setting text; BEGIN
			FOREACH setting IN ARRAY ARRAY[
				'session_preload_libraries = auto_explain', 'auto_explain.log_min_duration = 0', 'auto_explain.log_analyze = on',
				'auto_explain.log_timing = off', 'auto_explain.log_buffers = on', 'auto_explain.log_wal = on',
				'auto_explain.log_format = json', 'auto_explain.log_nested_statements = on']
			LOOP EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting); END LOOP;
		END $$`,
	} {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return nil, fmt.Errorf("record plans: %w", err)
		}
	}
	return &recorder{path: logFile}, nil
}

// application is what the Store calls itself; nobody else's statements count.
const application = "realmkeeper|"

var planned = regexp.MustCompile(`^LOG:  duration: ([0-9.]+) ms  plan:`)

// take is what has been recorded since the last time.
func (r *recorder) take() ([]statement, error) {
	file, err := os.Open(r.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	r.offset += int64(len(text))
	list := []statement{}
	// What belongs to a line is indented below it.
	for _, entry := range strings.Split("\n"+strings.ReplaceAll(string(text), "\n\t", "\t"), "\n") {
		entry, ours := strings.CutPrefix(entry, application)
		found := planned.FindStringSubmatch(entry)
		if !ours || found == nil {
			continue
		}
		s := statement{}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(entry, found[0])), &s); err != nil {
			return nil, fmt.Errorf("read a plan: %w", err)
		}
		milliseconds, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			return nil, fmt.Errorf("read a duration: %w", err)
		}
		s.took = time.Duration(milliseconds * float64(time.Millisecond))
		list = append(list, s)
	}
	return list, nil
}
