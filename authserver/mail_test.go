// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// sendsMail lets the realm send through an SMTP server of its own.
func (r *realm) sendsMail() *testenv.SMTP {
	r.t.Helper()
	smtp := testenv.StartSMTP(r.t)
	r.config.Email = &realmconfig.Email{
		From: "Example <login@example.com>", Host: smtp.Host(), Port: smtp.Port(), Security: realmconfig.StartTLS,
		Timeout: realmconfig.Duration(10 * time.Second), Product: "Example",
	}
	r.mountFiles(map[string]any{realmconfig.SMTPCAFile: smtp.CA()})
	r.mountSMTPCredentials(smtp)
	r.write()
	r.smtp = smtp
	return smtp
}

func (r *realm) mountSMTPCredentials(smtp *testenv.SMTP) {
	r.t.Helper()
	username, password := smtp.Credentials()
	suite.secrets.used(password)
	r.mountFiles(map[string]any{realmconfig.SMTPUsernameFile: username, realmconfig.SMTPPasswordFile: password})
}
