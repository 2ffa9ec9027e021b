// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
)

// Pooled is the URL of a database behind a PgBouncer of its own, which gives
// every transaction whatever session is free, out of few. Further settings are
// lines of its pgbouncer.ini, such as "pool_mode = session". It ends with the
// test.
func Pooled(t testing.TB, database string, settings ...string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	// Of a setting that stands twice, the last one counts.
	StartProgram(t, Program{Address: address, Argv: []string{"pgbouncer", "pgbouncer.ini"}, Files: map[string]string{"pgbouncer.ini": fmt.Sprintf(`
[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
server_login_retry = 1
%s
`, u.Hostname(), u.Port(), u.User.Username(), port, strings.Join(settings, "\n"))}})
	u.Host, u.RawQuery = address, "sslmode=disable"
	return u.String()
}
