// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
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

func TestRolesOfARealPostgreSQLTakeTurns(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	m.runPostgres()

	// Everything belongs to one role, whoever has made it.
	actsAs := func(user, password string) (string, error) {
		conn, err := pgx.Connect(t.Context(), trusting(t, as(t, m.databaseURL(speakingTLS), user, password), m.authority.Bundle))
		if err != nil {
			return "nobody", err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		role := ""
		err = conn.QueryRow(t.Context(), "SELECT current_user").Scan(&role)
		return role, err
	}
	// want says with which password each role logs in, "" for none.
	passwords := []string{"DatabasePassword0123", "SecondPassword0123", "ThirdPassword01234", "FourthPassword0123", "FifthPassword01234"}
	want := func(expected map[string]string) {
		t.Helper()
		// The newest login comes first: what is seen after it is of the same state.
		eventually.Succeeds(t, func(context.Context) error {
			if _, err := actsAs(m.in.Database.User, m.in.Database.Password); err != nil {
				return err
			}
			for _, user := range []string{"realmkeeper", "realmkeeper_a", "realmkeeper_b", "realmkeeper_c"} {
				for _, password := range passwords {
					may := expected[user] == password
					if role, err := actsAs(user, password); (role == "realmkeeper") != may {
						return fmt.Errorf("%s acts as %s with %s (%v), want it to act: %t", user, role, password, err, may) //nolint:errorlint // err may be nil
					}
				}
			}
			return nil
		})
	}
	want(map[string]string{"realmkeeper": passwords[0]})
	for _, step := range []map[string]string{
		{"realmkeeper": passwords[0], "realmkeeper_a": passwords[1]}, {"realmkeeper_a": passwords[1]},
		{"realmkeeper_a": passwords[1], "realmkeeper_b": passwords[2]}, {"realmkeeper_b": passwords[2]},
		{"realmkeeper_b": passwords[2], "realmkeeper_a": passwords[3]}, {"realmkeeper_a": passwords[3]},
	} {
		if len(step) == 2 {
			m.in.Database = m.in.Database.Next(passwords[slices.Index(passwords, m.in.Database.Password)+1], noon())
		} else {
			m.in.Database.Earlier = nil
		}
		m.mount()
		want(step)
	}

	// The Secret is lost: nobody knows any more who logs in, and whoever does goes on.
	lost, err := render.ReadDatabaseLogin(render.FirstDatabaseLogin(passwords[4], true), noon())
	if err != nil {
		t.Fatal(err)
	}
	m.in.Database = lost
	m.mount()
	want(map[string]string{"realmkeeper_a": passwords[3], "realmkeeper_c": passwords[4]})
	m.in.Database.Lost = false
	m.mount()
	want(map[string]string{"realmkeeper_c": passwords[4]})
}

// Redis lets everybody be a default user of whom its file says nothing.
func TestUsersOfRedisAreWrittenWholeByTwoAtOnce(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	m.mount()
	if err := os.WriteFile(filepath.Join(m.run, "keeper"), []byte("keeper's"), 0o600); err != nil {
		t.Fatal(err)
	}
	writers := []string{"redis", "users"}
	race.Run(len(writers), func(i int) {
		loop := render.WriteUsers() + "for i in $(seq 200); do write_users || exit 1; grep -q '^user default ' \"$RUN/users.acl\" || exit 2; done"
		command := exec.Command("sh", "-c", loop)
		command.Env = append(os.Environ(), "FOLDER="+m.folders["staff-cache"], "RUN="+m.run, "WRITER="+writers[i])
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", writers[i], err, out)
		}
	})
}

func TestUsersOfARealRedisHaveTwoPasswordsForAWhile(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	m.mount()
	m.runRedis()

	client := func(password string) *redis.Client {
		return cacheClient(t, as(t, m.cacheURL(speakingTLS), "default", password), m.authority.Bundle)
	}
	open := func(password string) error {
		c := client(password)
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
	const first, second, third, fourth = "CachePassword0123", "SecondPassword0123", "ThirdPassword01234", "FourthPassword0123"
	want(first, second)
	lasting := client(first)
	t.Cleanup(func() { _ = lasting.Close() })
	if err := lasting.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ before, next, after string }{{first, second, third}, {second, third, first}} {
		m.in.Cache = m.in.Cache.Next(step.next, noon())
		m.mount()
		want(step.next, step.after)
		if err := open(step.before); err != nil {
			t.Errorf("the earlier password is refused while pods change over: %v", err)
		}
		m.in.Cache.Earlier = nil
		m.mount()
		want(step.next, step.before)
		if err := lasting.Ping(t.Context()).Err(); err != nil {
			t.Errorf("a connection was ended: %v", err)
		}
	}

	// The Secret is lost, and with it every password that Redis knows.
	lost, err := render.ReadCacheLogin(render.FirstCacheLogin(fourth, true), noon())
	if err != nil {
		t.Fatal(err)
	}
	m.in.Cache = lost
	m.mount()
	want(fourth, third)
	if err := lasting.Ping(t.Context()).Err(); err != nil {
		t.Errorf("a connection was ended: %v", err)
	}
}

// cacheClient trusts a bundle, and keeps one connection.
func cacheClient(t *testing.T, at string, bundle []byte) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(at)
	if err != nil {
		t.Fatal(err)
	}
	if options.TLSConfig != nil {
		options.TLSConfig.RootCAs = x509.NewCertPool()
		options.TLSConfig.RootCAs.AppendCertsFromPEM(bundle)
	}
	options.MaxRetries, options.PoolSize = -1, 1
	return redis.NewClient(options)
}
