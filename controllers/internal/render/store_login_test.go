// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// written are the values of a managed store's Secret.
func written(t *testing.T, in render.Inputs, name string) map[string][]byte {
	t.Helper()
	for _, s := range []*corev1ac.SecretApplyConfiguration{render.DatabaseSecret(in), render.CacheSecret(in)} {
		if *s.GetName() == name {
			return s.Data
		}
	}
	t.Fatalf("no Secret %s", name)
	return nil
}

func TestLoginsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	in := inputs(t, "issuer: https://login.example.com")
	var users []string
	for i := range 5 {
		for _, c := range []struct {
			name string
			want render.StoreLogin
			read func(map[string][]byte, time.Time) (render.StoreLogin, error)
		}{
			{"staff-database", in.Database, render.ReadDatabaseLogin},
			{"staff-cache", in.Cache, render.ReadCacheLogin},
		} {
			got, err := c.read(written(t, in, c.name), time.Time{})
			if err != nil || !same(got, c.want) {
				t.Errorf("%s: read %+v, %v; want %+v", c.name, got, err, c.want)
			}
		}
		users = append(users, in.Database.User)
		password := fmt.Sprintf("Password0123456%d", i)
		in.Database, in.Cache = in.Database.Next(password, noon()), in.Cache.Next(password, noon())
		if in.Database.Earlier.Earlier != nil {
			t.Error("a login remembers more than one earlier")
		}
	}
	if got := strings.Join(users, " "); got != "realmkeeper realmkeeper_a realmkeeper_b realmkeeper_a realmkeeper_b" {
		t.Errorf("users were %s", got)
	}
}

func same(a, b render.StoreLogin) bool {
	if a.Earlier != nil && b.Earlier != nil {
		// When an earlier password was made is not remembered.
		if a.Earlier.User != b.Earlier.User || a.Earlier.Password != b.Earlier.Password {
			return false
		}
		a.Earlier, b.Earlier = nil, nil
	}
	return a == b
}

func TestFirstLoginIsAPasswordAlone(t *testing.T) {
	t.Parallel()
	got, err := render.ReadDatabaseLogin(map[string][]byte{"password": []byte("0123456789abcdef")}, noon())
	if err != nil || got != (render.StoreLogin{User: "realmkeeper", Password: "0123456789abcdef", Since: noon()}) {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "0123456789abcdef"
	for name, data := range map[string]map[string]string{
		"a short password":           {"password": "hunter2"},
		"a quoted password":          {"password": "hunter2hunter2'; --"},
		"no password":                {},
		"somebody else's role":       {"username": "postgres", "password": good},
		"a time in words":            {"password": good, "since": "noon"},
		"a bad earlier password":     {"password": good, "earlierUsername": "realmkeeper", "earlierPassword": "hunter2 "},
		"a role that nobody has had": {"password": good, "earlierUsername": "hunter2", "earlierPassword": good},
	} {
		values := map[string][]byte{}
		for key, value := range data {
			values[key] = []byte(value)
		}
		_, err := render.ReadDatabaseLogin(values, noon())
		if err == nil || strings.Contains(err.Error(), "hunter2") && name != "a role that nobody has had" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// beside runs the container that runs beside a store, on a folder of the test's.
func beside(t *testing.T, in render.Inputs, container string, environment ...string) (folder string, refresh func(map[string][]byte)) {
	t.Helper()
	folder = t.TempDir()
	refresh = func(data map[string][]byte) {
		t.Helper()
		for key, value := range data {
			path := filepath.Join(folder, key)
			if err := os.WriteFile(path+".new", value, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}
	}
	command := exec.Command("sh", "-c", script(t, in, container))
	command.Env = append(os.Environ(), append(environment, "FOLDER="+folder)...)
	out := &strings.Builder{}
	command.Stdout, command.Stderr = out, out
	refresh(written(t, in, map[string]string{"roles": "staff-database", "users": "staff-cache"}[container]))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		if err := command.Wait(); err != nil {
			t.Errorf("%s ended with %v", container, err)
		}
		if strings.Contains(out.String(), "Password") {
			t.Errorf("%s told a password:\n%s", container, out)
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", container, out)
		}
	})
	return folder, refresh
}

func TestRolesOfARealPostgreSQLTakeTurns(t *testing.T) {
	t.Parallel()
	postgres, err := testenv.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop() })
	at, err := url.Parse(postgres.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	in := inputs(t, "issuer: https://login.example.com")
	_, refresh := beside(t, in, "roles", "PGHOST="+at.Hostname(), "PGPORT="+at.Port(), "PGUSER=postgres", "PGDATABASE=postgres")

	// Everything belongs to one role, whoever has made it.
	actsAs := func(user string) (string, error) {
		as := *at
		as.User = url.UserPassword(user, "unused")
		conn, err := pgx.Connect(t.Context(), as.String())
		if err != nil {
			return "nobody", err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		role := ""
		err = conn.QueryRow(t.Context(), "SELECT current_user").Scan(&role)
		return role, err
	}
	want := func(expected ...string) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error {
			for i, user := range []string{"realmkeeper", "realmkeeper_a", "realmkeeper_b"} {
				if role, err := actsAs(user); role != expected[i] {
					return fmt.Errorf("%s acts as %s (%v), want %s", user, role, err, expected[i]) //nolint:errorlint // err may be nil
				}
			}
			return nil
		})
	}
	want("realmkeeper", "nobody", "nobody")
	for _, step := range [][2][]string{
		{{"realmkeeper", "realmkeeper", "nobody"}, {"nobody", "realmkeeper", "nobody"}},
		{{"nobody", "realmkeeper", "realmkeeper"}, {"nobody", "nobody", "realmkeeper"}},
		{{"nobody", "realmkeeper", "realmkeeper"}, {"nobody", "realmkeeper", "nobody"}},
	} {
		in.Database = in.Database.Next("AnotherPassword0123", noon())
		refresh(written(t, in, "staff-database"))
		want(step[0]...)
		in.Database.Earlier = nil
		refresh(written(t, in, "staff-database"))
		want(step[1]...)
	}
}

func TestUsersOfARealRedisHaveTwoPasswordsForAWhile(t *testing.T) {
	t.Parallel()
	in := inputs(t, "issuer: https://login.example.com")
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	folder, refresh := beside(t, in, "users", fmt.Sprintf("PORT=%d", port))
	startRedis(t, folder, port)

	open := func(password string) error {
		c := redis.NewClient(&redis.Options{
			Addr: fmt.Sprintf("127.0.0.1:%d", port), Username: "default", Password: password, MaxRetries: -1,
		})
		defer func() { _ = c.Close() }()
		return c.Ping(t.Context()).Err()
	}
	want := func(valid, invalid string) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error {
			if err := open(invalid); err == nil {
				return fmt.Errorf("%s is valid", invalid)
			}
			return open(valid)
		})
	}
	const first, second, third = "CachePassword0123", "SecondPassword0123", "ThirdPassword01234"
	want(first, second)
	lasting := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Password: first, MaxRetries: -1, PoolSize: 1})
	t.Cleanup(func() { _ = lasting.Close() })
	if err := lasting.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ before, next, after string }{{first, second, third}, {second, third, first}} {
		in.Cache = in.Cache.Next(step.next, noon())
		refresh(written(t, in, "staff-cache"))
		want(step.next, step.after)
		if err := open(step.before); err != nil {
			t.Errorf("the earlier password is refused while pods change over: %v", err)
		}
		in.Cache.Earlier = nil
		refresh(written(t, in, "staff-cache"))
		want(step.next, step.before)
		if err := lasting.Ping(t.Context()).Err(); err != nil {
			t.Errorf("a connection was ended: %v", err)
		}
	}
}

// startRedis runs a server as redis.conf says, but for where things are.
func startRedis(t *testing.T, folder string, port int) {
	t.Helper()
	config := filepath.Join(folder, "redis.conf")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("/etc/redis", folder, "port 6379", fmt.Sprintf("port %d", port)).Replace(string(text))
	if err := os.WriteFile(config, []byte(here+"dir "+folder+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("redis-server", config)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
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
