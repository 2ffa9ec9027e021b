// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"errors"
	"net/mail"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

func TestRecipientIsExactlyTheAddress(t *testing.T) {
	t.Parallel()
	for address, deliverable := range map[string]bool{
		"ann@example.com": true, "ann+tag@example.com": true, "o'neill@example.com": true,
		"müller@example.com": false, "hana..sato@example.com": false, "a,b@example.com": false, `"a b"@example.com`: false, "a@[127.0.0.1]": false,
		"": false, "ann": false, "a@example.com,b@example.com": false, "a@example.com>,<b@example.com": false,
		"x<ann@example.com": false, "ann@example.com\r\nBcc: b@example.com": false, "ann@example.com (b)": false,
		"<ann@example.com>": false, "Ann <ann@example.com>": false,
	} {
		_, err := recipient(address)
		var u *notify.DeliveryError
		switch {
		case deliverable && err != nil:
			t.Errorf("%q: %v", address, err)
		case !deliverable && (!errors.As(err, &u) || !u.Permanent):
			t.Errorf("%q would be mailed to, or tried again: %v", address, err)
		}
	}
}

func TestDomainsAreMailedToInALabels(t *testing.T) {
	t.Parallel()
	s := New(nil, func() time.Time { return time.Unix(0, 0) })
	own := settings()
	own.From = "Bücher <Login@BÜCHER.example>"
	n := notice()
	n.To = "ann@bücher.example"
	m, err := s.message(own, auth.ResetPasswordMessage, "id", n)
	if err != nil {
		t.Fatal(err)
	}
	from, to := m.GetFrom(), m.GetTo()
	if len(from) != 1 || from[0].Address != "login@xn--bcher-kva.example" || from[0].Name != "Bücher" ||
		len(to) != 1 || to[0].Address != "ann@xn--bcher-kva.example" || m.GetMessageID() != "<id@xn--bcher-kva.example>" {
		t.Errorf("from %v to %v, %s", from, to, m.GetMessageID())
	}
	if helo := domainOf(own); helo != "xn--bcher-kva.example" {
		t.Errorf("greets as %s", helo)
	}
	own.From = "müller@example.com"
	var u *notify.DeliveryError
	if _, err := s.message(own, auth.ResetPasswordMessage, "id", n); !errors.As(err, &u) || u.Permanent {
		t.Errorf("a sender that no server takes: %v", err)
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
		want, notOne := mailaddress.Parse(address)
		if (err == nil) != (notOne == nil) || err == nil && to.Address != string(want) {
			t.Errorf("%q is mailed to %q, not to %q", address, to, want)
		}
	})
}
