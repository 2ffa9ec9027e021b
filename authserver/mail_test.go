// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// sendsMail lets the realm send through an SMTP server of its own.
func (r *realm) sendsMail() *testenv.SMTP {
	r.t.Helper()
	smtp := r.SendMail()
	_, password := smtp.Credentials()
	suite.secrets.used(password)
	return smtp
}

func (r *realm) mountSMTPCredentials(smtp *testenv.SMTP) {
	r.t.Helper()
	_, password := smtp.Credentials()
	suite.secrets.used(password)
	r.MountSMTP(smtp)
}
