// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"cmp"
	"net/url"
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// letter is a mail of the realm to somebody.
type letter struct {
	kind auth.MessageKind
	testenv.Mail
}

// letters is everything the realm has written to an address, in order. It waits
// for what is on its way.
func (r *realm) letters(address string) []letter {
	r.t.Helper()
	eventually.Holds(r.t, "the mails are delivered", func() bool { return r.waiting() == 0 })
	all := []letter{}
	for _, m := range r.SMTP.MailsTo(address) {
		all = append(all, letter{auth.MessageKind(m.Header.Get("X-Realmkeeper-Kind")), m})
	}
	slices.SortFunc(all, func(a, b letter) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// lastLetter is the newest one, which must be of this kind.
func (r *realm) lastLetter(address string, kind auth.MessageKind) letter {
	r.t.Helper()
	all := r.letters(address)
	if len(all) == 0 || all[len(all)-1].kind != kind {
		r.t.Fatalf("no %s among %d mails", kind, len(all))
	}
	return all[len(all)-1]
}

// token is what the letter's link carries.
func (l letter) token(t testing.TB) string {
	t.Helper()
	if len(l.Links) != 1 {
		t.Fatalf("the mail has %d links", len(l.Links))
	}
	link, err := url.Parse(l.Links[0])
	if err != nil {
		t.Fatal(err)
	}
	token := link.Query().Get("token")
	suite.secrets.used(token)
	return token
}
