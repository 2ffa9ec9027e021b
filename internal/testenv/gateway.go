// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// StartNginx runs nginx with a file as it stands in conf.d, and returns when it
// listens at the address. It ends with the test.
func StartNginx(t testing.TB, address, site string) {
	t.Helper()
	// Everything is in its own folder, and everything runs as its user.
	startGateway(t, "nginx", address, map[string]string{"site.conf": site, "nginx.conf": `
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
`}, "-p", ".", "-e", "stderr", "-c", "nginx.conf")
}

// StartCaddy runs Caddy with the sites of a Caddyfile, and returns when it listens
// at the address. It ends with the test.
func StartCaddy(t testing.TB, address, sites string) {
	t.Helper()
	startGateway(t, "caddy", address, map[string]string{"Caddyfile": `{
	admin off
	auto_https off
}
` + sites}, "run", "--config", "Caddyfile", "--adapter", "caddyfile")
}

func startGateway(t testing.TB, name, address string, files map[string]string, args ...string) {
	t.Helper()
	server, err := program(name, "/usr/sbin")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := newFolder(name)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644))
	}
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(folder)))
	}
	// Caddy would keep a copy of its settings in the home folder of whoever runs the test.
	daemon, err := startDaemon(folder, "TERM", append([]string{"/usr/bin/env", "XDG_CONFIG_HOME=" + folder, "XDG_DATA_HOME=" + folder, server}, args...)...)
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(folder)))
	}
	daemon.name = name
	t.Cleanup(func() {
		if err := daemon.stop(); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
	})
	listens := func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		return conn.Close()
	}
	if err := daemon.await(t.Context(), listens); err != nil {
		t.Fatal(err)
	}
}
