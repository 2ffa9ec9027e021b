// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"net"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestTLSIsWhatTheURLAndTheCASay(t *testing.T) {
	t.Parallel()
	private := testenv.NewPostgres(t)
	ca := private.ServeTLS(t)
	private.Execute(t, "CREATE ROLE app LOGIN")
	other := testenv.NewPostgres(t).ServeTLS(t)
	_, port, err := net.SplitHostPort(private.Address())
	if err != nil {
		t.Fatal(err)
	}
	named := net.JoinHostPort("localhost", port) // which is not in the certificate
	for name, c := range map[string]struct{ host, query, ca, problem string }{
		"the CA is enough":                        {private.Address(), "", ca, ""},
		"the CA asks for everything":              {named, "", ca, "wanted to match localhost"},
		"verify-full":                             {private.Address(), "?sslmode=verify-full", ca, ""},
		"verify-full with another name":           {named, "?sslmode=verify-full", ca, "wanted to match localhost"},
		"verify-full with another CA":             {private.Address(), "?sslmode=verify-full", other, "unknown authority"},
		"verify-full with the public CAs":         {private.Address(), "?sslmode=verify-full", "", "unknown authority"},
		"verify-ca with another name":             {named, "?sslmode=verify-ca", ca, ""},
		"verify-ca with another CA":               {private.Address(), "?sslmode=verify-ca", other, "unknown authority"},
		"require with a CA is verify-ca":          {named, "?sslmode=require", ca, ""},
		"require with another CA":                 {private.Address(), "?application_name=x&sslmode=require", other, "unknown authority"},
		"require without a CA trusts anybody":     {private.Address(), "?sslmode=require", "", ""},
		"nothing said trusts anybody":             {private.Address(), "", "", ""},
		"disabled, which the server does not let": {private.Address(), "?sslmode=disable", "", "no encryption"},
		"no CA at all":                            {private.Address(), "", "hunter2", "holds no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := look(t, realmconfig.Place{
				URL: realmconfig.Credential("postgres://app:hunter2@" + c.host + "/postgres" + c.query), CA: realmconfig.Credential(c.ca),
			})
			switch {
			case c.problem == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
				t.Errorf("error is %v, want %q", err, c.problem)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error quotes the password: %v", err)
			}
		})
	}
}

func look(t *testing.T, p realmconfig.Place) error {
	t.Helper()
	store, err := postgres.Open(t.Context(), p, postgres.Options{Timeout: patience})
	if err != nil {
		return err
	}
	t.Cleanup(store.Close)
	return store.Look(t.Context())
}
