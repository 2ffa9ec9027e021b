// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestTheReportNamesEveryCredentialInForce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.sendsMail()
	r.withProviders("the first secret", realmconfig.Provider{
		Name: "elsewhere", DisplayName: "Elsewhere", Type: realmconfig.OIDC, ClientID: "realm", Issuer: "https://elsewhere.example.com",
	})
	s := r.serve()
	revision := r.credentialsRevision()
	s.runs(revision)
	for name, content := range map[string]string{
		realmconfig.SMTPUsernameFile:                  "another",
		realmconfig.SMTPCAFile:                        "another",
		realmconfig.SMSSecretFile:                     "another",
		realmconfig.ProviderSecretsDir + "/elsewhere": "another",
	} {
		r.Mount(map[string]any{name: content})
		next := r.credentialsRevision()
		if next == revision {
			t.Errorf("%s is not part of the revision", name)
		}
		s.runs(next)
		revision = next
	}
}

func TestABadSettingKeepsNoOldPasswordInUse(t *testing.T) {
	t.Parallel()
	p, database := guard(t)
	r := newRealmOn(t, addRole(t, p, database, "app", rand.Text()), "redis://127.0.0.1:1/0")
	s := r.serve()
	r.Mount(map[string]any{realmconfig.ConfigFile: "{"})
	s.eventually("the problem is reported", func() bool { return s.Report().Problem != "" })
	next := r.mountDatabase(addRole(t, p, database, "app_2", rand.Text()))
	s.eventually("the new role is used", func() bool { return s.Report().CredentialsRevision == next })
	p.Execute(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
	s.login()
}

func TestAServerThatStartsWaitsForCredentialsThatWork(t *testing.T) {
	t.Parallel()
	p, database := guard(t)
	good := addRole(t, p, database, "app", rand.Text())
	r := newRealmOn(t, asRole(t, database, "app", wrongPassword), "redis://127.0.0.1:1/0")
	s := r.launch("127.0.0.1:0", "127.0.0.1:0", 0)
	s.eventually("the problem is reported", func() bool {
		return strings.Contains(s.Report().DatabaseProblem, "password authentication failed")
	})
	if status := s.OpsStatus("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("readyz is %d", status)
	}
	r.mountDatabase(good)
	s.AwaitReady()
	s.login()
}
