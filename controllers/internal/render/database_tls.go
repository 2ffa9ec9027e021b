// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strings"
)

// databaseSQL is all that a managed database's pod is to apply. It can be run any number
// of times, from whatever state.
func databaseSQL(in Inputs) []byte {
	// A statement is not to stand in the log with a password or a key.
	const quiet = "SET log_statement = none;\nSET log_min_duration_statement = -1;\n" +
		"SET log_min_error_statement = panic;\nSET client_min_messages = warning;\n"
	return []byte(quiet + databaseTLS(in.DatabaseTLS) + rolesSQL(in.Database))
}

// databaseTLS has PostgreSQL speak TLS from the next second on, without a restart and
// without anything that its pod's template would have to mount. PostgreSQL itself
// writes the files: it wants them to be its own. They go with the pod, so that neither
// the volume nor a copy of it holds a private key; a pod that starts without them
// speaks no TLS until this is applied.
func databaseTLS(t StoreTLS) string {
	const (
		pem      = socketFolder + "/tls.pem"
		settings = socketFolder + "/tls.conf"
	)
	access := "hostssl"
	if t.Plain {
		access = "host"
	}
	var sql strings.Builder
	// Certificate and key are one file, so that nothing ever finds them apart.
	sql.WriteString(write("umask 077 && "+replaceFile(pem), string(t.Certificate.CertificatePEM), string(t.Certificate.KeyPEM)))
	sql.WriteString(write(replaceFile(settings),
		"ssl = on", "ssl_cert_file = '"+pem+"'", "ssl_key_file = '"+pem+"'", "ssl_min_protocol_version = 'TLSv1.3'"))
	// That grep finds no other line is no failure; that it cannot read the file is one.
	sql.WriteString(write("{ { grep -v "+settings+" postgresql.conf || [ $? = 1 ]; } && cat; } > postgresql.conf.new && "+moveInPlace("postgresql.conf"),
		"include_if_exists = '"+settings+"'"))
	sql.WriteString(write(replaceFile("pg_hba.conf"),
		"local all all trust", "local replication all trust", access+" all all all scram-sha-256"))
	sql.WriteString("SELECT pg_reload_conf();\n")
	if !t.Plain {
		// Pods have left these connections; whoever else has one loses it.
		sql.WriteString("SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_stat_ssl s ON s.pid = a.pid" +
			" WHERE NOT s.ssl AND a.client_addr IS NOT NULL AND a.state_change < now() - interval '5 seconds';\n")
	}
	return sql.String()
}

// write is the statement that gives lines to a command, which PostgreSQL runs as its own
// user in its data directory.
func write(command string, lines ...string) string {
	quoted := strings.ReplaceAll(strings.Join(lines, "\n"), "'", "''")
	return fmt.Sprintf("COPY (SELECT unnest(string_to_array('%s', E'\\n'))) TO PROGRAM '%s';\n", quoted, command)
}

// replaceFile is a command that writes a file at once or not at all, also when the node
// loses its power.
func replaceFile(path string) string { return "cat > " + path + ".new && " + moveInPlace(path) }

func moveInPlace(path string) string {
	return fmt.Sprintf("sync %[1]s.new && mv %[1]s.new %[1]s", path)
}
