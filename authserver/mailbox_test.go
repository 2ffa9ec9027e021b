// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// letter is a mail of the realm to somebody.
type letter struct {
	id   string
	kind auth.MessageKind
	auth.Notice
}

// letters is everything the realm has written to an address, in order.
func (r *realm) letters(address string) []letter {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, _ := conn.Query(r.t.Context(), "SELECT id::text, kind, sealed FROM outbox WHERE channel = 'mail'")
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (letter, error) {
		m := auth.Message{}
		if err := row.Scan(&m.ID, &m.Kind, &m.Sealed); err != nil {
			return letter{}, err
		}
		notice, err := auth.OpenMessage(sealing.New(encryptionKeys), m)
		return letter{m.ID, m.Kind, notice}, err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(l letter) bool { return l.To != address })
	slices.SortFunc(all, func(a, b letter) int { return cmp.Compare(a.id, b.id) })
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
	link, err := url.Parse(string(l.Link))
	if err != nil {
		t.Fatal(err)
	}
	token := link.Query().Get("token")
	suite.secrets.used(token)
	return token
}

func encryptionKeys() realmconfig.EncryptionKeys {
	return realmconfig.EncryptionKeys{
		Version: realmconfig.Version, Primary: "one",
		Keys: []realmconfig.EncryptionKey{{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)}},
	}
}
