// SPDX-License-Identifier: Apache-2.0

package realmtest_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// What an application does when somebody registers is tested on a real realm.
func ExampleStart() {
	var t *testing.T // as a test is given it

	realm := realmtest.Start(t, realmtest.WithMail())
	app := realm.NewApp()
	if err := app.Register(t.Context(), "ann@example.com", "a horse that no battery staples"); err != nil {
		t.Fatal(err)
	}
	if mail := realm.SMTP.Await(t, "ann@example.com", 1); len(mail.Links) != 1 {
		t.Errorf("the mail has %d links", len(mail.Links))
	}
	realm.Clock.Advance(realm.AccessTokenLifetime()) // and the application refreshes
}
