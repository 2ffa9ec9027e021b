// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// mountCache mounts another URL, and returns the revision that names it.
func (r *realm) mountCache(url string) (revision string) {
	r.t.Helper()
	r.CacheURL = url
	r.Mount(map[string]any{realmconfig.CacheURLFile: url})
	return r.credentialsRevision()
}

// usesCache returns when the cache answers and is asked.
func (s *server) usesCache(when string) {
	s.t.Helper()
	s.eventually(when+", the cache is used", func() bool {
		s.refresh(s.login().Refresh)
		return s.Report().CacheProblem == "" && s.Metric("realmkeeper_cache_away") == "0"
	})
}

// The password changes with a second one that the user has for a while, and in
// place, where the mount follows the server.
func TestCachePasswordIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	secret := func() string {
		s := rand.Text()
		suite.secrets.used(s)
		return s
	}
	at := func(user, password string) string {
		return fmt.Sprintf("redis://%s:%s@%s/0", user, password, redis.Address())
	}
	ofUser, ofAll := secret(), secret()
	redis.Do(t, "ACL SETUSER app on ~* &* +@all >"+ofUser)
	r := newRealmOn(t, suite.postgres.Database(t), at("app", ofUser))
	s := r.serve()
	access := s.login().Access
	c := s.gather(4)
	c.goesOn("at first")
	for range 2 {
		next := secret()
		redis.Do(t, "ACL SETUSER app >"+next)
		s.runs(r.mountCache(at("app", next)))
		redis.Do(t, "ACL SETUSER app <"+ofUser)
		c.goesOn("with another password of the user")
		ofUser = next

		redis.Do(t, "CONFIG SET requirepass "+ofAll)
		s.runs(r.mountCache(at("", ofAll)))
		c.goesOn("with the password of all")
		ofAll = secret()
		redis.Do(t, "CONFIG SET requirepass "+ofAll)
		c.burst(access)
		c.goesOn("with a password that is not mounted yet")
		s.runs(r.mountCache(at("", ofAll)))
		c.goesOn("with another password of all")
	}
	c.leaves()
	s.usesCache("in the end")
}

func TestACacheThatDoesNotAnswerLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	good := testenv.StartRedis(t)
	password := rand.Text()
	suite.secrets.used(password)
	guarded, full := testenv.StartRedis(t, "--requirepass", password), testenv.StartRedis(t, "--maxmemory", "1")
	replica := testenv.StartRedis(t, append([]string{"--replicaof"}, strings.Split(good.Address(), ":")...)...)
	for name, c := range map[string]struct{ url, problem string }{
		"no password":            {guarded.URL(), "NOAUTH"},
		"a wrong password":       {"redis://:" + wrongPassword[:3] + "@" + guarded.Address(), "WRONGPASS"},
		"nobody listens":         {"redis://:" + password + "@127.0.0.1:1/0", "connection refused"},
		"nobody watches":         {"redis+sentinel://127.0.0.1:1/0?master_name=main&password=" + password, "all sentinels"},
		"no cluster":             {"redis+cluster://:" + password + "@127.0.0.1:1", "connection refused"},
		"a server without TLS":   {strings.Replace(good.URL(), "redis:", "rediss:", 1), ""},
		"a replica":              {replica.URL(), "READONLY"},
		"a server that is full":  {full.URL(), "OOM"},
		"a URL of another kind":  {"http://:" + password + "@cache", "must be a URL that starts with redis://"},
		"a parameter of no kind": {"redis://cache/0?colour=" + password, "is not a Redis URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOn(t, suite.postgres.Database(t), good.URL())
			s := r.serve()
			before := s.Report().CredentialsRevision
			r.mountCache(c.url)
			s.eventually("the problem is reported", func() bool { return s.Report().CacheProblem != "" })
			report := s.Report()
			if !strings.Contains(report.CacheProblem, c.problem) || len(suite.secrets.in(report.CacheProblem)) > 0 {
				t.Errorf("the problem is %q, want %q", report.CacheProblem, c.problem)
			}
			if report.CredentialsRevision != before {
				t.Errorf("revision %s is in force, was %s", report.CredentialsRevision, before)
			}
			if away := s.Metric("realmkeeper_cache_away"); away != "0" {
				t.Errorf("cache_away is %s although the old one answers", away)
			}
			s.runs(r.mountCache(good.URL()))
		})
	}
}

func TestCacheWithTLSAndACAThatChanges(t *testing.T) {
	t.Parallel()
	redis, first := testenv.StartTLSRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), "rediss://"+redis.TLSAddress+"/0")
	s := r.serve()
	s.eventually("the server is not trusted", func() bool {
		return strings.Contains(s.Report().CacheProblem, "certificate signed by unknown authority")
	})
	s.refresh(s.login().Refresh)
	mountCA := func(ca string) string {
		r.Mount(map[string]any{realmconfig.CacheCAFile: ca})
		return r.credentialsRevision()
	}
	s.runs(mountCA(first))
	s.usesCache("with its CA")
	second := redis.NewCertificate(t)
	s.runs(mountCA(second))
	s.usesCache("with another CA")
}

// The master goes, sentinels make the replica one, and the realm goes on there:
// nobody is logged out and nobody waits.
func TestCacheFailsOverBySentinel(t *testing.T) {
	t.Parallel()
	master := testenv.StartRedis(t)
	testenv.StartRedis(t, append([]string{"--replicaof"}, strings.Split(master.Address(), ":")...)...)
	master.AwaitReplica(t)
	sentinel := testenv.StartSentinel(t, master)
	sentinel.AwaitReplica(t)
	r := newRealmOn(t, suite.postgres.Database(t), "redis+sentinel://127.0.0.1:1/0?master_name=main&addr="+sentinel.Address())
	s := r.serve()
	s.usesCache("at first")
	c := s.gather(2)
	c.goesOn("with the master")
	master.Stop(t)
	c.goesOn("without the master")
	s.usesCache("with the next master")
	c.goesOn("with the next master")
	c.leaves()
}

// Keys are spread over three nodes. One of them goes: what it knew is asked of
// the database.
func TestCacheIsACluster(t *testing.T) {
	t.Parallel()
	nodes := testenv.StartRedisCluster(t)
	r := newRealmOn(t, suite.postgres.Database(t), "redis+cluster://"+nodes[0].Address()+"?addr="+nodes[1].Address())
	s := r.serve()
	s.usesCache("at first")
	c := s.gather(4)
	c.goesOn("with three nodes")
	nodes[2].Stop(t)
	c.goesOn("with two nodes")
	c.leaves()
	session := s.login()
	s.eventually("the problem is reported", func() bool {
		session = s.refresh(session.Refresh)
		return s.Report().CacheProblem != ""
	})
}
