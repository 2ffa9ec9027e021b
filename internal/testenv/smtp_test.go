// SPDX-License-Identifier: Apache-2.0

package testenv_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/smtp"
	"strconv"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

const aMail = "From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.com>\r\n" +
	"Content-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n" +
	"--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"<a href=3D\"https://example.com/?a=3D1&amp;b=3D2\">go</a>\r\n--x--\r\n"

func TestSMTPTakesMail(t *testing.T) {
	t.Parallel()
	s := testenv.StartSMTP(t)
	if err := send(s, "b@example.com"); err != nil {
		t.Fatal(err)
	}
	m := s.Await(t, "b@example.com", 1)
	if m.Subject != "Grüße" || m.Text != "hello" || m.ID != "<1@example.com>" || len(m.Links) != 1 || m.Links[0] != "https://example.com/?a=1&b=2" {
		t.Errorf("read %+v", m)
	}
	s.Refuse("b@example.com", 550)
	if err := send(s, "b@example.com"); err == nil {
		t.Error("a refused address was accepted")
	}
	s.Accept("b@example.com")
	s.Stop()
	if err := send(s, "b@example.com"); err == nil {
		t.Error("a stopped server accepted mail")
	}
	s.Start(t)
	s.SetPassword("another")
	if err := send(s, "b@example.com"); err != nil {
		t.Error(err)
	}
	if s.Attempts("b@example.com") != 3 || len(s.Mails()) != 2 {
		t.Errorf("%d attempts, %d mails", s.Attempts("b@example.com"), len(s.Mails()))
	}
}

func send(s *testenv.SMTP, to string) error {
	client, err := smtp.Dial(net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.CA()))
	if err := client.StartTLS(&tls.Config{ServerName: s.Host(), RootCAs: roots}); err != nil {
		return err
	}
	username, password := s.Credentials()
	if err := client.Auth(smtp.PlainAuth("", username, password, s.Host())); err != nil {
		return err
	}
	if err := client.Mail("a@example.com"); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(aMail)); err != nil {
		return err
	}
	return w.Close()
}
