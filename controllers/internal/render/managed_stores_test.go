// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// managed are the stores of a realm as their pods run them: a real PostgreSQL and a real
// Redis, and beside each what the operator has run there. Folders stand for mounts; a
// mount changes what is in them.
type managed struct {
	t         *testing.T
	in        render.Inputs
	authority pki.Authority
	postgres  *testenv.Postgres
	// plainPort and tlsPort are Redis'.
	plainPort, tlsPort int
	folders            map[string]string
	run                string
}

func newManaged(t *testing.T) *managed {
	t.Helper()
	m := &managed{
		t: t, in: inputs(t, "issuer: https://login.example.com"), authority: newAuthority(t),
		folders: map[string]string{}, plainPort: freePort(t), tlsPort: freePort(t),
	}
	m.folders["staff-database"], m.folders["staff-cache"], m.run = newFolder(t), newFolder(t), newFolder(t)
	m.in.DatabaseTLS, m.in.CacheTLS = m.show(m.authority), m.show(m.authority)
	return m
}

// newFolder has a short path: that of a socket may have no more than a hundred characters.
func newFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func newAuthority(t *testing.T) pki.Authority {
	t.Helper()
	a, err := pki.NewAuthority("identity/staff stores", time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// show is a new certificate of an authority, which alone is trusted.
func (m *managed) show(a pki.Authority) render.StoreTLS { return m.showFor(a, "127.0.0.1") }

func (m *managed) showFor(a pki.Authority, host string) render.StoreTLS {
	m.t.Helper()
	leaf, err := a.Issue([]string{host}, time.Now(), rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	return render.StoreTLS{Certificate: &leaf, Trusted: a.Bundle}
}

// mount writes what the Secrets hold now into the folders of the pods that there are.
func (m *managed) mount() {
	m.t.Helper()
	// Longer paths come first, and Redis' port for TLS before the other.
	here := strings.NewReplacer(
		"/var/run/postgresql", m.socket(), "/etc/redis", m.folders["staff-cache"], "/run/redis", m.run,
		"tls-port 6380", fmt.Sprintf("tls-port %d", m.tlsPort), "port 6379", fmt.Sprintf("port %d", m.plainPort))
	for name, folder := range m.folders {
		for key, value := range written(m.t, m.in, name) {
			path := filepath.Join(folder, key)
			if err := os.WriteFile(path+".new", []byte(here.Replace(string(value))), 0o600); err != nil {
				m.t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				m.t.Fatal(err)
			}
		}
	}
}

func (m *managed) socket() string {
	if m.postgres == nil {
		return ""
	}
	return m.postgres.Socket()
}

// startPostgres runs a PostgreSQL that knows nothing but the realm's database.
func (m *managed) startPostgres() {
	m.t.Helper()
	m.postgres = testenv.NewPostgres(m.t)
	m.postgres.UseSocket()
	m.postgres.Execute(m.t, "CREATE ROLE realmkeeper")
	m.postgres.Execute(m.t, "CREATE DATABASE realmkeeper OWNER realmkeeper")
}

// runPostgres runs both containers of PostgreSQL's pod.
func (m *managed) runPostgres() {
	m.t.Helper()
	m.startPostgres()
	m.mount()
	m.runRoles()
}

// runRoles runs what is beside PostgreSQL, until it is told to end.
func (m *managed) runRoles() (end func()) {
	m.t.Helper()
	_, port, err := net.SplitHostPort(m.postgres.Address())
	if err != nil {
		m.t.Fatal(err)
	}
	return m.runContainer("roles", "FOLDER="+m.folders["staff-database"],
		"PGHOST="+m.socket(), "PGPORT="+port, "PGUSER=postgres", "PGDATABASE=postgres")
}

// runRedis runs both containers of Redis' pod.
func (m *managed) runRedis() {
	m.t.Helper()
	for _, container := range []string{"redis", "users"} {
		m.runContainer(container, "FOLDER="+m.folders["staff-cache"], "RUN="+m.run, "WRITER="+container, "PORT="+strconv.Itoa(m.plainPort))
	}
}

// runContainer runs the script of a container. It must tell no password, and end when it
// is told to.
func (m *managed) runContainer(name string, environment ...string) (end func()) {
	m.t.Helper()
	command := exec.Command("sh", "-c", script(m.t, m.in, name))
	command.Env = append(os.Environ(), environment...)
	out := &strings.Builder{}
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil && name != "redis" {
			m.t.Errorf("%s ended with %v", name, err)
		}
		if strings.Contains(out.String(), "Password") || strings.Contains(out.String(), "PRIVATE") {
			m.t.Errorf("%s told a secret:\n%s", name, out)
		}
		if m.t.Failed() {
			m.t.Logf("%s said:\n%s", name, out)
		}
	}
	m.t.Cleanup(end)
	return end
}

// script is what a container runs.
func script(t *testing.T, in render.Inputs, container string) string {
	t.Helper()
	objects, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		var pod *corev1ac.PodSpecApplyConfiguration
		switch o := o.(type) {
		case *appsv1ac.StatefulSetApplyConfiguration:
			pod = o.Spec.Template.Spec
		case *appsv1ac.DeploymentApplyConfiguration:
			pod = o.Spec.Template.Spec
		default:
			continue
		}
		for _, c := range pod.Containers {
			if *c.Name == container {
				return c.Command[2]
			}
		}
	}
	t.Fatalf("no container %s", container)
	return ""
}

// Keys under which URLs stand: for pods that speak TLS, and for those of a release that
// did not.
const speakingTLS, speakingPlainly = "tlsURI", "uri"

// databaseURL and cacheURL are where pods find the stores.
func (m *managed) databaseURL(key string) string {
	m.t.Helper()
	return strings.Replace(string(written(m.t, m.in, "staff-database")[key]), "staff-database:5432", m.postgres.Address(), 1)
}

func (m *managed) cacheURL(key string) string {
	m.t.Helper()
	here := strings.NewReplacer("staff-cache:6380", fmt.Sprintf("127.0.0.1:%d", m.tlsPort), "staff-cache:6379", fmt.Sprintf("127.0.0.1:%d", m.plainPort))
	return here.Replace(string(written(m.t, m.in, "staff-cache")[key]))
}

// as is a URL with another login.
func as(t *testing.T, at, user, password string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// trusting is a PostgreSQL URL for whoever trusts a bundle.
func trusting(t *testing.T, at string, bundle []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(file, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	return at + "&sslrootcert=" + url.QueryEscape(file)
}
