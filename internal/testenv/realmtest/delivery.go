// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// deliveryTimeout is what a realm gives a mail server or an SMS service: whoever is slow to
// hear their yes, on a machine that is busy with other things, sends again.
const deliveryTimeout = realmconfig.Duration(time.Minute)

// SendMail lets the realm send through an SMTP server of its own.
func (r *Realm) SendMail() *testenv.SMTP {
	r.t.Helper()
	r.SMTP = testenv.StartSMTP(r.t)
	r.Config.Email = &realmconfig.Email{
		From: "Example <login@example.com>", Host: r.SMTP.Host(), Port: r.SMTP.Port(), Security: realmconfig.StartTLS, AllowPrivateNetworks: true,
		Timeout: deliveryTimeout, Product: "Example",
	}
	r.MountSMTP(r.SMTP)
	r.Update()
	return r.SMTP
}

// MountSMTP gives the realm the credentials and the CA of a mail server.
func (r *Realm) MountSMTP(smtp *testenv.SMTP) {
	r.t.Helper()
	username, password := smtp.Credentials()
	r.Mount(map[string]any{
		realmconfig.SMTPUsernameFile: username, realmconfig.SMTPPasswordFile: password, realmconfig.SMTPCAFile: smtp.CA(),
	})
}

// SendTexts lets the realm send text messages to a service of its own, with a
// webhook's secret or an API's token.
func (r *Realm) SendTexts(kind realmconfig.SMSKind, secret string) *testenv.SMS {
	r.t.Helper()
	service := testenv.StartSMS(r.t)
	r.Config.SMS = &realmconfig.SMS{Kind: kind, URL: service.URL(), Timeout: deliveryTimeout, AllowPrivateNetworks: true}
	if kind == realmconfig.Twilio {
		r.Config.SMS.AccountSID, r.Config.SMS.From = "AC0123456789", "+15005550006"
	}
	r.Mount(map[string]any{realmconfig.SMSSecretFile: secret})
	r.Update()
	return service
}

// AddProvider lets people sign in through a provider that knows the realm by a
// secret.
func (r *Realm) AddProvider(secret string, p realmconfig.Provider) {
	r.t.Helper()
	r.AddProviders(map[string]string{p.Name: secret}, p)
}

// AddProviders adds several, with their secrets by name.
func (r *Realm) AddProviders(secrets map[string]string, providers ...realmconfig.Provider) {
	r.t.Helper()
	files := map[string]any{}
	for name, secret := range secrets {
		files[realmconfig.ProviderSecretsDir+"/"+name] = secret
	}
	r.Config.Providers = append(r.Config.Providers, providers...)
	r.Mount(files)
	r.Update()
}
