// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// realm is one that a test may furnish before it is served. Its issuer is the
// address where it really is.
type realm struct {
	*realmfolder.Folder
	t        *testing.T
	api, ops net.Listener
	ahead    atomic.Int64 // of the true time
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	return newRealmOn(t, suite.postgres)
}

func newRealmOn(t *testing.T, postgres *testenv.Postgres) *realm {
	t.Helper()
	r := &realm{t: t, api: listen(t), ops: listen(t)}
	r.Folder = newFolder(t.TempDir(), postgres.Database(t), testenv.RedisURL(t))
	r.Config.Issuer = "https://" + r.api.Addr().String()
	r.Config.Browser.ResetPasswordURL = r.Config.Issuer + "/reset/{token}"
	r.Config.Browser.VerifyEmailURL = r.Config.Issuer + "/verify-email/{token}"
	chain, key, err := suite.authority.issue()
	if err != nil {
		t.Fatal(err)
	}
	r.Files[realmconfig.CertificateFile], r.Files[realmconfig.CertificateKeyFile] = chain, key
	return r
}

// newFolder is a realm with cheap hashes, to which all tests come from one address.
func newFolder(dir, database, cache string) *realmfolder.Folder {
	f := &realmfolder.Folder{
		Dir: dir, Config: realmfolder.Settings(), DatabaseURL: database, CacheURL: cache,
		AdminEmail: "first@example.com", AdminPassword: password, Files: map[string]string{},
	}
	f.Config.Passwords.BcryptCost, f.Config.Login.Lockout.SourceFailures = 10, 100_000
	return f
}

func options(dir string) authserver.Options {
	return authserver.Options{ConfigDir: dir, Build: "test", Log: slog.New(slog.DiscardHandler), Now: time.Now, HashingWorkers: 1}
}

// longAgo is when a sign-in proves nothing any more.
const longAgo = 5*time.Minute + time.Second

func (r *realm) now() time.Time          { return time.Now().Add(time.Duration(r.ahead.Load())) }
func (r *realm) advance(d time.Duration) { r.ahead.Add(int64(d)) }

// sendsMail lets the realm send through an SMTP server of its own.
func (r *realm) sendsMail() *testenv.SMTP {
	r.t.Helper()
	smtp := testenv.StartSMTP(r.t)
	r.Config.Email = &realmconfig.Email{
		From: "Example <login@example.com>", Host: smtp.Host(), Port: smtp.Port(), Security: realmconfig.StartTLS,
		Timeout: realmconfig.Duration(10 * time.Second), Product: "Example Shop", SupportURL: "https://help.example.com/",
	}
	r.Files[realmconfig.SMTPUsernameFile], r.Files[realmconfig.SMTPPasswordFile] = smtp.Credentials()
	r.Files[realmconfig.SMTPCAFile] = smtp.CA()
	return smtp
}

// sendsTexts lets the realm send text messages to a service of its own.
func (r *realm) sendsTexts() *testenv.SMS {
	r.t.Helper()
	service := testenv.StartSMS(r.t)
	r.Config.SMS = &realmconfig.SMS{
		Kind: realmconfig.Webhook, URL: service.URL(), Timeout: realmconfig.Duration(10 * time.Second), AllowPrivateNetworks: true,
	}
	r.Files[realmconfig.SMSSecretFile] = "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24))
	return service
}

// signsInThroughDex adds a provider that knows people.
func (r *realm) signsInThroughDex(people ...testenv.Person) {
	r.t.Helper()
	dex := testenv.StartDex(r.t, r.Config.Issuer+"/api/auth/oauth/callback", people...)
	r.Files[realmconfig.ProviderSecretsDir+"/dex"] = dex.ClientSecret
	r.Config.Providers = append(r.Config.Providers, realmconfig.Provider{
		Name: "dex", DisplayName: "Dex", Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
		SignUp: true, LinkByEmail: true, AllowPrivateNetworks: true,
	})
}

// serve runs the server until the test ends, and returns once it is ready.
func (r *realm) serve() *realm {
	r.t.Helper()
	trust := r.Write(r.t)
	ctx, cancel := context.WithCancel(context.Background())
	o := options(r.Dir)
	o.Now, o.API, o.Ops = r.now, r.api, r.ops
	done := make(chan error, 1)
	go func() { done <- authserver.Run(ctx, o) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("server ended with: %v", err)
		}
	})
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	eventually.Succeeds(r.t, func(context.Context) error {
		select {
		case err := <-done:
			done <- err
			r.t.Fatalf("server ended at its start: %v", err)
		default:
		}
		response, err := client.Get("http://" + r.ops.Addr().String() + "/readyz")
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = errors.New("the server is not ready: " + response.Status)
		}
		return errors.Join(err, response.Body.Close())
	})
	return r
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// appCode is what an authenticator app shows for a key now.
func (r *realm) appCode(key string) string {
	r.t.Helper()
	app := exec.CommandContext(r.t.Context(), "oathtool", "--totp", "--base32",
		"--now", r.now().UTC().Format("2006-01-02 15:04:05 UTC"), "-")
	app.Stdin = strings.NewReader(key)
	out, err := app.Output()
	if err != nil {
		r.t.Fatal(fmt.Errorf("oathtool: %w", err))
	}
	return strings.TrimSpace(string(out))
}
