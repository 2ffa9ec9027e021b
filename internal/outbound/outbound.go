// SPDX-License-Identifier: Apache-2.0

// Package outbound connects to addresses that were typed into a realm's settings. Whoever may write those settings must not reach what only
// the server can reach: its own ports, the cluster's network, the metadata
// service of the cloud it runs in.
package outbound

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

var (
	// ErrForbiddenAddress means that a host name stands for an address which
	// the client must not connect to.
	ErrForbiddenAddress = errors.New("address is not public")
	// ErrTooLarge means that an answer is longer than the client reads.
	ErrTooLarge = errors.New("answer is too large")
)

// Options say what a client may do.
type Options struct {
	// Timeout bounds one exchange, from connecting to the last byte.
	Timeout time.Duration
	// MaxAnswer is how many bytes of a body are read, after decompression.
	MaxAnswer int64
	// AllowPrivate lets it connect to loopback, private and shared ranges.
	// Link-local addresses and known metadata services stay closed.
	AllowPrivate bool
	// Roots are the authorities to trust; nil for the system's.
	Roots *x509.CertPool
}

// New returns a client that follows no redirect (the caller sees the 3xx answer),
// uses no proxy and no TLS but that of package tlspolicy. The address is checked after it was
// resolved, for every connection, so that a name cannot change its meaning
// between check and use.
func New(o Options) *http.Client {
	trust := tlspolicy.New()
	trust.RootCAs = o.Roots
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &limited{max: o.MaxAnswer, next: &http.Transport{
			DialContext:            Dialer(o.Timeout, o.AllowPrivate).DialContext,
			TLSClientConfig:        trust,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    o.Timeout,
			ResponseHeaderTimeout:  o.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
		}},
	}
}

// Dialer connects to the same addresses as a client of New does, for protocols other
// than HTTP. An address that it must not connect to is ErrForbiddenAddress. A timeout
// of zero leaves it to the context.
func Dialer(timeout time.Duration, allowPrivate bool) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: guard(allowPrivate)}
}

// guard looks at the address of a connection that is about to be made.
func guard(allowPrivate bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(to.Addr(), allowPrivate) {
			return ErrForbiddenAddress
		}
		return nil
	}
}

// limited cuts answers off.
type limited struct {
	max  int64
	next *http.Transport
}

func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &limitedBody{response.Body, l.max}
	return response, nil
}

// CloseIdleConnections serves http.Client.CloseIdleConnections.
func (l *limited) CloseIdleConnections() { l.next.CloseIdleConnections() }

type limitedBody struct {
	io.ReadCloser
	left int64
}

// Read fails on the first byte too many; an answer of exactly the limit is whole.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}
