// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
)

// Pooled is the URL of a database behind a PgBouncer of its own, which gives
// every transaction whatever session is free, out of few. It ends with the test.
func Pooled(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	startGateway(t, "pgbouncer", address, map[string]string{"pgbouncer.ini": fmt.Sprintf(`
[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
`, u.Hostname(), u.Port(), u.User.Username(), port)}, "pgbouncer.ini")
	u.Host, u.RawQuery = address, "sslmode=disable"
	return u.String()
}
