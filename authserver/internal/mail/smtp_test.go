// SPDX-License-Identifier: Apache-2.0

package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mail"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// deliver sends one mail to ann@example.com with changed settings.
func deliver(ctx context.Context, host string, port int, change func(*realmconfig.Snapshot)) error {
	snapshot := &realmconfig.Snapshot{Config: realmconfig.Config{Email: &realmconfig.Email{
		From: "Example <login@example.com>", Host: host, Port: port, Security: realmconfig.StartTLS,
		AllowPrivateNetworks: true, Timeout: realmconfig.Duration(30 * time.Second), Product: "Example",
	}}}
	change(snapshot)
	sender := mail.New(func() *realmconfig.Snapshot { return snapshot }, time.Now)
	return sender.Deliver(ctx, auth.PasswordChangedMessage, "id", notify.Notice{To: "ann@example.com"})
}

func login(s *testenv.SMTP, snapshot *realmconfig.Snapshot) {
	username, password := s.Credentials()
	snapshot.Credentials = realmconfig.Credentials{
		SMTPUsername: realmconfig.Credential(username), SMTPPassword: realmconfig.Credential(password),
		SMTPCA: realmconfig.Credential(s.CA()),
	}
}

func TestTransportSecurity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start    func(testing.TB) *testenv.SMTP
		change   func(*realmconfig.Snapshot)
		username string
		reason   string // empty when the mail arrives
	}{
		"StartTLS": {testenv.StartSMTP, func(*realmconfig.Snapshot) {}, "realm", ""},
		"TLS": {
			testenv.StartSMTPS, func(s *realmconfig.Snapshot) { s.Config.Email.Security = realmconfig.ImplicitTLS }, "realm", "",
		},
		"none sends no credentials": {
			testenv.StartRelay, func(s *realmconfig.Snapshot) { s.Config.Email.Security = realmconfig.NoTLS }, "", "",
		},
		"a server that does not encrypt": {
			testenv.StartRelay, func(*realmconfig.Snapshot) {}, "", "the session with the mail server failed",
		},
		"a stranger's certificate": {
			testenv.StartSMTP, func(s *realmconfig.Snapshot) { s.Credentials.SMTPCA = "" }, "", "the mail server's certificate is not trusted",
		},
		"a stranger's certificate from the first byte": {
			testenv.StartSMTPS, func(s *realmconfig.Snapshot) {
				s.Config.Email.Security, s.Credentials.SMTPCA = realmconfig.ImplicitTLS, ""
			}, "", "the mail server's certificate is not trusted",
		},
		"a CA that is none": {
			testenv.StartSMTP, func(s *realmconfig.Snapshot) { s.Credentials.SMTPCA = "nonsense" }, "", "the CA of the mail server is not PEM",
		},
		"a wrong password": {
			testenv.StartSMTP, func(s *realmconfig.Snapshot) { s.Credentials.SMTPPassword = "wrong" }, "", "the mail server refused the session with 535",
		},
		"no credentials": {
			testenv.StartSMTP, func(s *realmconfig.Snapshot) { s.Credentials.SMTPUsername = "" }, "", "the mail server refused the sender with 502 5.7.0",
		},
		"no settings": {
			testenv.StartSMTP, func(s *realmconfig.Snapshot) { s.Config.Email = nil }, "", "the realm has no settings for mail",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.start(t)
			err := deliver(t.Context(), server.Host(), server.Port(), func(s *realmconfig.Snapshot) { login(server, s); c.change(s) })
			if c.reason != "" {
				expectRetry(t, err, c.reason)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := server.Mails(); len(got) != 1 || got[0].Username != c.username {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Whoever may write a realm's settings must not reach what only the server can.
func TestPrivateMailServersHaveToBeAllowed(t *testing.T) {
	t.Parallel()
	server := testenv.StartRelay(t)
	for name, c := range map[string]struct {
		host    string
		allowed bool
	}{
		"this machine":                          {server.Host(), false},
		"this machine by name":                  {"localhost", false},
		"the metadata service":                  {"169.254.169.254", false},
		"the metadata service, with permission": {"169.254.169.254", true},
	} {
		for _, security := range []realmconfig.TransportSecurity{realmconfig.NoTLS, realmconfig.StartTLS, realmconfig.ImplicitTLS} {
			err := deliver(t.Context(), c.host, server.Port(), func(s *realmconfig.Snapshot) {
				s.Config.Email.Security, s.Config.Email.AllowPrivateNetworks = security, c.allowed
			})
			t.Log(name, security)
			expectRetry(t, err, "the mail server's address is not public, and allowPrivateNetworks is not set")
		}
	}
	if got := server.Mails(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func expectRetry(t *testing.T, err error, reason string) {
	t.Helper()
	var u *notify.DeliveryError
	if !errors.As(err, &u) || u.Reason != reason || u.Permanent {
		t.Errorf("failed with %v, want %s, and another attempt", err, reason)
	}
}

// scripted is a server that answers line by line, whatever it is told, and then
// falls silent.
func scripted(t *testing.T, answers ...string) (host string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
		lines := bufio.NewReader(conn)
		for _, answer := range answers {
			_, _ = fmt.Fprintf(conn, "%s\r\n", answer)
			for last := "."; ; { // what follows DATA ends with a dot
				line, err := lines.ReadString('\n')
				if err != nil || !strings.HasPrefix(answer, "354") || strings.TrimSpace(line) == last {
					break
				}
			}
		}
	}()
	address := l.Addr().(*net.TCPAddr)
	return address.IP.String(), address.Port
}

func plain(s *realmconfig.Snapshot) { s.Config.Email.Security = realmconfig.NoTLS }

func TestServersThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string
		reason  string // empty when the mail is delivered
	}{
		"says nothing after its yes":   {[]string{"220 hi", "250 hello", "250 ok", "250 ok", "354 go", "250 taken"}, ""},
		"is rude after its yes":        {[]string{"220 hi", "250 hello", "250 ok", "250 ok", "354 go", "250 taken", "500 what?"}, ""},
		"never greets":                 {nil, "the mail server did not answer in time"},
		"falls silent before its yes":  {[]string{"220 hi", "250 hello", "250 ok", "250 ok", "354 go"}, "the mail server did not answer in time"},
		"speaks another language":      {[]string{"HTTP/1.1 400 Bad Request"}, "the session with the mail server failed"},
		"is full":                      {[]string{"220 hi", "250 hello", "250 ok", "452 4.2.2 ann@example.com is full"}, "the mail server refused the recipient with 452"},
		"wants TLS for the recipient":  {[]string{"220 hi", "250 hello", "250 ok", "530 STARTTLS first"}, "the mail server refused the recipient with 530"},
		"does not take our mail today": {[]string{"220 hi", "250 hello", "550 5.7.1 not you"}, "the mail server refused the sender with 550"},
		"is closing":                   {[]string{"421 closing"}, "the mail server refused the session with 421"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, port := scripted(t, c.answers...)
			ctx, cancel := context.WithTimeout(t.Context(), eventually.Patience)
			defer cancel()
			if strings.HasSuffix(c.reason, "in time") {
				ctx, cancel = context.WithTimeout(ctx, time.Second)
				defer cancel()
			}
			err := deliver(ctx, host, port, plain)
			switch {
			case c.reason != "":
				expectRetry(t, err, c.reason)
			case err != nil:
				t.Errorf("the mail would be sent again: %v", err)
			}
		})
	}
}

func TestRefusalsForGood(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]string{
		"the recipient": {"220 hi", "250 hello", "250 ok", "550 5.1.1 no such ann@example.com"},
		"the mail":      {"220 hi", "250 hello", "250 ok", "250 ok", "354 go", "554 5.6.0 spam"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, port := scripted(t, answers...)
			err := deliver(t.Context(), host, port, plain)
			var u *notify.DeliveryError
			if !errors.As(err, &u) || !u.Permanent || strings.Contains(u.Reason, "ann") {
				t.Errorf("failed with %v", err)
			}
		})
	}
}
