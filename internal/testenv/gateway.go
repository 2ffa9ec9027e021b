// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"maps"
	"testing"
)

// StartNginx runs nginx with a file as it stands in conf.d, and others beside it by their
// names, and returns when it listens at the address. It ends with the test.
func StartNginx(t testing.TB, address, site string, files map[string]string) {
	t.Helper()
	// Everything is in its own folder, and everything runs as its user.
	StartProgram(t, Program{
		Address: address, Argv: []string{"nginx", "-p", ".", "-e", "stderr", "-c", "nginx.conf"},
		Files: with(files, map[string]string{"site.conf": site, "nginx.conf": `
daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include site.conf;
}
`}),
	})
}

// StartCaddy runs Caddy with the sites of a Caddyfile, and files beside it, and returns when
// it listens at the address. It ends with the test.
func StartCaddy(t testing.TB, address, sites string, files map[string]string) {
	t.Helper()
	StartProgram(t, Program{
		Address: address, Argv: []string{"caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"},
		Files: with(files, map[string]string{"Caddyfile": `{
	admin off
	auto_https off
}
` + sites}),
		// It would keep a copy of its settings in the home folder of whoever runs the test.
		Environment: []string{"XDG_CONFIG_HOME=.", "XDG_DATA_HOME=."},
	})
}

// StartHAProxy runs HAProxy with its configuration, and files beside it, and returns when it
// listens at the address. It ends with the test.
func StartHAProxy(t testing.TB, address, configuration string, files map[string]string) {
	t.Helper()
	StartProgram(t, Program{
		Address: address, Argv: []string{"haproxy", "-db", "-f", "haproxy.cfg"},
		Files: with(files, map[string]string{"haproxy.cfg": configuration}),
	})
}

// with is both of two folders.
func with(files, own map[string]string) map[string]string {
	all := maps.Clone(own)
	maps.Copy(all, files)
	return all
}
