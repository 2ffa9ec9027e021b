// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// realm is one that a test may furnish before it is served. Its issuer is the
// address where it really is, with a certificate that the browser trusts.
type realm struct {
	*realmtest.Realm
	t *testing.T
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	return newRealmOn(t, suite.postgres)
}

func newRealmOn(t *testing.T, postgres *testenv.Postgres) *realm {
	t.Helper()
	r := &realm{realmtest.New(t, realmtest.WithPostgres(postgres)), t}
	chain, key, err := suite.authority.issue()
	if err != nil {
		t.Fatal(err)
	}
	r.Mount(map[string]any{realmconfig.CertificateFile: chain, realmconfig.CertificateKeyFile: key})
	r.Listen()
	r.Config.Browser.ResetPasswordURL = r.Config.Issuer + "/reset/{token}"
	r.Config.Browser.VerifyEmailURL = r.Config.Issuer + "/verify-email/{token}"
	return r
}

// longAgo is when a sign-in proves nothing any more.
const longAgo = 5*time.Minute + time.Second

func (r *realm) advance(d time.Duration) { r.Clock.Advance(d) }

// sendsMail lets the realm send through an SMTP server of its own.
func (r *realm) sendsMail() *testenv.SMTP {
	r.t.Helper()
	smtp := r.SendMail()
	r.Config.Email.Product, r.Config.Email.SupportURL = "Example Shop", "https://help.example.com/"
	return smtp
}

// sendsTexts lets the realm send text messages to a service of its own.
func (r *realm) sendsTexts() *testenv.SMS {
	r.t.Helper()
	return r.SendTexts(realmconfig.Webhook, "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 24)))
}

// signsInThroughDex adds a provider that knows people.
func (r *realm) signsInThroughDex(people ...testenv.Person) {
	r.t.Helper()
	dex := testenv.StartDex(r.t, r.Config.Issuer+"/api/auth/oauth/callback", people...)
	r.AddProvider(dex.ClientSecret, realmconfig.Provider{
		Name: "dex", DisplayName: "Dex", Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
		SignUp: true, LinkByEmail: true, AllowPrivateNetworks: true,
	})
}

// serve runs the server with the realm's settings until the test ends, and returns
// once it is ready.
func (r *realm) serve() *realm {
	r.t.Helper()
	r.Update()
	r.Serve()
	return r
}

// appCode is what an authenticator app shows for a key now.
func (r *realm) appCode(key string) string {
	r.t.Helper()
	return testenv.AppCode(r.t, key, r.Clock.Now())
}
