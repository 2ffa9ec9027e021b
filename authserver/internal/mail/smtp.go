// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

// goodbye is how long a server that has taken a mail may take to say so.
const goodbye = time.Second

// hand gives one mail to the server over a connection of its own, which ends
// with ctx.
func hand(ctx context.Context, settings realmconfig.Email, credentials realmconfig.Credentials, m *gomail.Msg) error {
	trust, err := trustOf(settings, credentials)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, settings, trust)
	if err != nil {
		return undelivered(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	// The library bounds every step, this all of them together.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	client, err := gomail.NewClient(settings.Host, append(options(settings, credentials, trust),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }))...)
	if err != nil {
		return &notify.DeliveryError{Reason: "the settings for mail make no SMTP client"}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return undelivered(ctx, err)
	}
	if err := client.SendWithSMTPClient(session, m); err != nil && !m.IsDelivered() {
		return undelivered(ctx, err)
	}
	// What goes wrong from here on does not take the mail back.
	_ = conn.SetDeadline(time.Now().Add(goodbye))
	_ = session.Quit()
	return nil
}

// trustOf is how to know the server.
func trustOf(settings realmconfig.Email, credentials realmconfig.Credentials) (*tls.Config, error) {
	trust := tlspolicy.New()
	trust.ServerName = settings.Host
	if credentials.SMTPCA != "" {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM([]byte(credentials.SMTPCA)) {
			return nil, &notify.DeliveryError{Reason: "the CA of the mail server is not PEM"}
		}
	}
	return trust, nil
}

func dial(ctx context.Context, settings realmconfig.Email, trust *tls.Config) (net.Conn, error) {
	address := net.JoinHostPort(settings.Host, strconv.Itoa(settings.Port))
	dialer := outbound.Dialer(time.Duration(settings.Timeout), settings.AllowPrivateNetworks)
	if settings.Security == realmconfig.ImplicitTLS {
		return (&tls.Dialer{NetDialer: dialer, Config: trust}).DialContext(ctx, "tcp", address)
	}
	return dialer.DialContext(ctx, "tcp", address)
}

func options(settings realmconfig.Email, credentials realmconfig.Credentials, trust *tls.Config) []gomail.Option {
	list := []gomail.Option{
		gomail.WithPort(settings.Port), gomail.WithTimeout(time.Duration(settings.Timeout)), gomail.WithTLSConfig(trust),
		// Some servers want a domain here; a pod's name is none.
		gomail.WithHELO(domainOf(settings)),
		// One mail, one connection: nothing to check before it, nothing to reset after it.
		gomail.WithoutNoop(), gomail.WithoutRset(),
	}
	switch settings.Security {
	case realmconfig.NoTLS:
		return append(list, gomail.WithTLSPolicy(gomail.NoTLS))
	case realmconfig.ImplicitTLS:
		list = append(list, gomail.WithSSL())
	default:
		list = append(list, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if credentials.SMTPUsername == "" {
		return list
	}
	return append(list, gomail.WithUsername(string(credentials.SMTPUsername)), gomail.WithPassword(string(credentials.SMTPPassword)),
		gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
}
