// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// texted is the code of the nth text message.
func texted(t *testing.T, service *testenv.SMS, nth int) string {
	t.Helper()
	message := struct{ Data struct{ Code string } }{}
	if err := json.Unmarshal(service.Await(t, nth).Body, &message); err != nil {
		t.Fatal(err)
	}
	return message.Data.Code
}

func TestSecondFactorByTextMessage(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		service := r.sendsTexts()
		b := r.serve().signedIn(s, userEmail)
		b.click("Add a phone")
		b.fill("phone", "+49 (30) 90-18.20")
		b.press("Send a code by text message")
		b.sees("/account/two-factor/sms", http.StatusOK, "Confirm your phone")
		b.look("phone")
		b.fill("code", texted(t, service, 1))
		b.press("Turn on")
		if b.status != http.StatusOK || len(b.backupCodes()) != 10 {
			t.Fatalf("is at %s with %d:\n%s", b.path(), b.status, b.text())
		}
		b.open("/account")
		b.press("Sign out")
		r.advance(time.Minute)
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusOK, "Enter your code")
		b.press("Send a code by text message")
		b.sees("/signin/sms", http.StatusOK, "A code is on its way to your phone.")
		b.look("code-sms")
		b.fill("code", texted(t, service, 2))
		b.press("Continue")
		b.sees("/account", http.StatusOK, userEmail)

		r.advance(longAgo)
		b.click("Change or turn off")
		b.press("New backup codes")
		b.press("Send a code by text message")
		b.sees("/account/two-factor/backup-codes", http.StatusForbidden, "A code is on its way to your phone.")
		b.focusesOn("code")
		b.look("proof-sms")
		b.enters(texted(t, service, 3))
		b.sees("/account/two-factor/backup-codes", http.StatusOK, "Your new backup codes")
	})
}
