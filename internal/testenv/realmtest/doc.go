// SPDX-License-Identifier: Apache-2.0

// Package realmtest gives a test a realm of its own: the real server, with a real
// PostgreSQL and a real Redis behind it, over TLS.
//
//	realm := realmtest.Start(t, realmtest.WithMail())
//	app := realm.NewApp()
//	err := app.Register(t.Context(), "ann@example.com", "correct horse battery staple")
//
// A realm is found at its issuer, takes new settings while it is served, and has
// a clock that the test can put forward. What it mails is in its SMTP server. It
// ends with the test and leaves nothing behind.
//
// Start is enough for a few tests. A suite of many starts one PostgreSQL, fills
// its template once by Prepare, and gives it to every realm by WithPostgres: a
// realm then takes some tens of milliseconds.
package realmtest
