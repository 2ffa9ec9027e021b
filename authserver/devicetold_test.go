// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestADeviceThatWasLetInIsToldByMail(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r := newRealmOfClients(t, c)
	r.sendsMail()
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	for _, answer := range []string{"deny", "allow"} {
		codes := a.device()
		b.opensDevice(devicePath, adminEmail, adminPassword)
		b.types(codes.User)
		b.submit(deviceAnswerPath, map[string]string{"answer": answer})
		b.sees(deviceAnswerPath, http.StatusOK)
	}
	told := r.lastLetter(adminEmail, auth.DeviceAllowedMessage)
	for _, says := range []string{"Television may now act for you", "127.0.0.1"} {
		if !strings.Contains(told.Text, says) {
			t.Errorf("the mail does not say %q:\n%s", says, told.Text)
		}
	}
	mails := 0
	for _, l := range r.letters(adminEmail) {
		if l.kind == auth.DeviceAllowedMessage {
			mails++
		}
	}
	if mails != 1 {
		t.Errorf("%d mails tell of one device that was let in, and one that was not", mails)
	}
}

// Whoever lets a device in reads where it would act for them.
func TestPeopleAreAskedAtWhichResourceADeviceActs(t *testing.T) {
	t.Parallel()
	agent := newAgent(television)
	r, _, _ := newRealmOfResources(t, agent)
	s := r.serve()
	a, b := s.newApplication(agent, "openid", "notes:read"), s.newPageBrowser()
	asked := url.Values{"scope": {"openid notes:read"}, "resource": {notesURL}}
	codes := decode[deviceCodes](t, a.ask(deviceAuthorization, asked), http.StatusOK)
	suite.secrets.used(codes.Device, codes.User)
	b.opensDevice(devicePath, adminEmail, adminPassword)
	b.types(codes.User, "act in your name at "+notesURL)
	if strings.Contains(b.text(), filesURL) {
		t.Errorf("more is said than was asked for:\n%s", b.text())
	}
}
