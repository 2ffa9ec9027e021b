// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// SMTP is a real SMTP server of one test, with STARTTLS and authentication, that
// keeps what it takes. It can be stopped, and told to refuse addresses or to
// leave them without an answer.
type SMTP struct {
	address     string
	certificate certificate
	implicit    bool
	open        bool
	stop        func()
	// arrived is closed and replaced whenever a mail is taken.
	arrived chan struct{}

	mu       sync.Mutex
	username string
	password string
	mails    []Mail
	attempts map[string]int
	refused  map[string]int
	hanging  map[string]chan struct{}
	held     map[string]chan struct{}
}

// StartSMTP runs a server that ends with the test.
func StartSMTP(t testing.TB) *SMTP { t.Helper(); return startSMTP(t, loopback, false, false) }

// StartSMTPAt runs a server at an address of this machine, for whoever does not call from it.
func StartSMTPAt(t testing.TB, ip string) *SMTP { t.Helper(); return startSMTP(t, ip, false, false) }

// StartSMTPS runs a server that speaks TLS from the first byte.
func StartSMTPS(t testing.TB) *SMTP { t.Helper(); return startSMTP(t, loopback, true, false) }

// StartRelay runs a server that takes mail from anybody, without TLS.
func StartRelay(t testing.TB) *SMTP { t.Helper(); return startSMTP(t, loopback, false, true) }

func startSMTP(t testing.TB, ip string, implicit, open bool) *SMTP {
	t.Helper()
	certificate, err := newCertificate(ip)
	_, port, split := net.SplitHostPort(freeAddress(t))
	if err := errors.Join(err, split); err != nil {
		t.Fatal(err)
	}
	s := &SMTP{
		address: net.JoinHostPort(ip, port), certificate: certificate, implicit: implicit, open: open, arrived: make(chan struct{}),
		username: "realm", password: "the password of the mail server",
		attempts: map[string]int{}, refused: map[string]int{}, hanging: map[string]chan struct{}{}, held: map[string]chan struct{}{},
	}
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// Host is where the server listens, also while it is stopped.
func (s *SMTP) Host() string {
	host, _, _ := net.SplitHostPort(s.address)
	return host
}

// Port goes with Host.
func (s *SMTP) Port() int {
	_, port, _ := net.SplitHostPort(s.address)
	n, _ := strconv.Atoi(port)
	return n
}

// CA is the PEM of whom to trust to reach the server.
func (s *SMTP) CA() string { return s.certificate.pem }

// Credentials are the only ones that the server takes.
func (s *SMTP) Credentials() (username, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.username, s.password
}

// SetPassword changes what the server takes.
func (s *SMTP) SetPassword(password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password = password
}

// Start listens on the same port again after a Stop.
func (s *SMTP) Start(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &smtpSession{server: s, stopped: stopped}, nil
	}))
	server.Domain, server.TLSConfig, server.EnableSMTPUTF8 = "mail.example.com", s.certificate.config(), true
	server.MaxMessageBytes, server.MaxRecipients = 1<<20, 10
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = discard{}
	if s.open {
		server.TLSConfig, server.AllowInsecureAuth = nil, true
	}
	if s.implicit {
		l = tls.NewListener(l, s.certificate.config())
	}
	s.stop = func() { close(stopped); _ = server.Close() }
	go func() { _ = server.Serve(l) }()
}

// Stop closes the port and every connection; the mails stay.
func (s *SMTP) Stop() {
	s.stop()
	s.stop = func() {}
}

// Refuse answers code to the recipient, everybody when it is empty, until Accept.
func (s *SMTP) Refuse(recipient string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[recipient] = code
}

// Hang leaves the mails of a recipient without an answer until Accept, and takes
// none of those that waited.
func (s *SMTP) Hang(recipient string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging[recipient] = make(chan struct{})
}

// Hold makes the mails of a recipient wait until Accept, and takes them then.
func (s *SMTP) Hold(recipient string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[recipient] = make(chan struct{})
}

// Accept ends what Refuse, Hang or Hold began.
func (s *SMTP) Accept(recipient string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refused, recipient)
	for _, waiting := range []map[string]chan struct{}{s.hanging, s.held} {
		if until, found := waiting[recipient]; found {
			close(until)
			delete(waiting, recipient)
		}
	}
}

// Attempts is how often somebody tried to send to the recipient.
func (s *SMTP) Attempts(recipient string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts[recipient]
}

// Mails is what the server has taken, in order.
func (s *SMTP) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// MailsTo is what the server has taken for one recipient, in order.
func (s *SMTP) MailsTo(recipient string) []Mail {
	found := []Mail{}
	for _, m := range s.Mails() {
		if m.To == recipient {
			found = append(found, m)
		}
	}
	return found
}

// Await returns the nth mail to a recipient, counted from 1, once it is there.
func (s *SMTP) Await(t testing.TB, recipient string, nth int) Mail {
	t.Helper()
	deadline := time.After(eventually.Patience)
	for {
		s.mu.Lock()
		arrived := s.arrived
		s.mu.Unlock()
		if mails := s.MailsTo(recipient); len(mails) >= nth {
			return mails[nth-1]
		}
		select {
		case <-arrived:
		case <-deadline:
			t.Fatalf("waited in vain for mail %d to %s; there are %d mails in all", nth, recipient, len(s.Mails()))
		}
	}
}

func (s *SMTP) take(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// smtpSession is one connection.
type smtpSession struct {
	server   *SMTP
	stopped  <-chan struct{}
	username string
	from, to string
}

func (c *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if wantUsername, wantPassword := c.server.Credentials(); username != wantUsername || password != wantPassword {
			return smtp.ErrAuthFailed
		}
		c.username = username
		return nil
	}), nil
}

func (c *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if c.username == "" && !c.server.open {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.attempts[to]++
	c.to = to
	for _, recipient := range []string{to, ""} {
		if code, found := c.server.refused[recipient]; found {
			// Real servers quote the address; nobody may log it.
			return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "<" + to + "> is refused"}
		}
	}
	return nil
}

func (c *smtpSession) Data(r io.Reader) error {
	c.server.mu.Lock()
	hanging, hangs := c.server.hanging[c.to]
	held := c.server.held[c.to]
	c.server.mu.Unlock()
	if hangs {
		select {
		case <-hanging:
		case <-c.stopped:
		}
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
	}
	if held != nil {
		<-held
	}
	m, err := readMail(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	m.EnvelopeFrom, m.To, m.Username = c.from, c.to, c.username
	c.server.take(m)
	return nil
}

func (c *smtpSession) Reset()        {}
func (c *smtpSession) Logout() error { return nil }

// discard drops what the server says of broken connections.
type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}
