// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"errors"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestRecipientIsExactlyTheAddress(t *testing.T) {
	t.Parallel()
	for address, deliverable := range map[string]bool{
		"ann@example.com": true, "ann+tag@example.com": true, "o'neill@example.com": true, "müller@example.com": true,
		"": false, "ann": false, "a@example.com,b@example.com": false, "a@example.com>,<b@example.com": false,
		"x<ann@example.com": false, "ann@example.com\r\nBcc: b@example.com": false, "ann@example.com (b)": false,
		" ann@example.com": false, "<ann@example.com>": false, "Ann <ann@example.com>": false,
	} {
		_, err := recipient(address)
		var u *auth.Undelivered
		switch {
		case deliverable && err != nil:
			t.Errorf("%q: %v", address, err)
		case !deliverable && (!errors.As(err, &u) || !u.Permanent):
			t.Errorf("%q would be mailed to, or tried again: %v", address, err)
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	s := New(nil, func() time.Time { return time.Unix(0, 0) })
	evil := settings()
	evil.Product = "Example\r\nBcc: evil@example.com\r\n\r\nbody"
	n := notice()
	n.Name = "Ann\r\nBcc: evil@example.com"
	m, err := s.message(evil, auth.ResetPasswordMessage, "id", n)
	if err != nil {
		t.Fatal(err)
	}
	raw := bytes.Buffer{}
	if _, err := m.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	read, err := mail.ReadMessage(&raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Header["Bcc"]) != 0 || len(read.Header["Subject"]) != 1 || read.Header.Get("Message-Id") != "<id@example.com>" {
		t.Errorf("headers are %v", read.Header)
	}
}

func FuzzRecipient(f *testing.F) {
	for _, seed := range []string{"ann@example.com", "a@b,c@d", "x<a@b", "a@b>\r\nRCPT TO:<c@d", `"a b"@c`, "a@[127.0.0.1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		to, err := recipient(address)
		if err == nil && (to.Address != address || strings.ContainsAny(to.Address, "\r\n")) {
			t.Errorf("%q is mailed to %q", address, to.Address)
		}
	})
}
