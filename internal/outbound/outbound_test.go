// SPDX-License-Identifier: Apache-2.0

package outbound_test

import (
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/outbound"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	const public, private, never = "public", "private", "never"
	cases := map[string]string{
		"93.184.216.34": public, "2606:2800:220:1::1": public,
		"::ffff:93.184.216.34": public, "64:ff9b::5db8:d822": public,

		"127.0.0.1": private, "127.8.9.10": private, "::1": private, "::ffff:127.0.0.1": private,
		"10.1.2.3": private, "172.16.0.1": private, "192.168.0.1": private, "100.64.0.1": private,
		"fd12:3456::1": private, "64:ff9b::a00:1": private,

		"0.0.0.0": never, "0.1.2.3": never, "::": never, "255.255.255.255": never, "240.0.0.1": never,
		"169.254.169.254": never, "::ffff:169.254.169.254": never, "64:ff9b::a9fe:a9fe": never,
		"fe80::1": never, "fe80::1%eth0": never, "fd00:ec2::254": never, "100.100.100.200": never,
		"224.0.0.1": never, "ff02::1": never, "192.0.2.1": never, "198.18.0.1": never,
		"2002:7f00:1::1": never, "2001:0:7f00:1::1": never, "2001:db8::1": never, "fec0::1": never, "::7f00:1": never,
	}
	for address, want := range cases {
		to := netip.MustParseAddr(address)
		if got := outbound.Allowed(to, false); got != (want == public) {
			t.Errorf("%s is allowed: %t", address, got)
		}
		if got := outbound.Allowed(to, true); got != (want != never) {
			t.Errorf("%s is allowed among private ones: %t", address, got)
		}
	}
}

func TestNoConnectionToAForbiddenAddress(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	client := outbound.New(outbound.Options{Timeout: eventually.Patience, MaxAnswer: 1})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"} {
		response, err := client.Get("http://" + host + ":" + port)
		if response != nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, outbound.ErrForbiddenAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked {
		t.Error("the server was asked")
	}
}

func TestAnswersAreLimited(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Writer(w)
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			defer func() { _ = zip.Close() }()
			body = zip
		}
		size := map[string]int{"/whole": 100, "/one-more": 101, "/bomb": 1 << 20}[r.URL.Path]
		_, _ = io.WriteString(body, strings.Repeat("a", size))
	}))
	defer server.Close()
	client := outbound.New(outbound.Options{Timeout: eventually.Patience, MaxAnswer: 100, AllowPrivate: true})
	for path, want := range map[string]error{"/whole": nil, "/one-more": outbound.ErrTooLarge, "/bomb": outbound.ErrTooLarge} {
		response, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if !errors.Is(err, want) || len(body) != 100 {
			t.Errorf("%s: read %d bytes, %v", path, len(body), err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound))
	defer server.Close()
	client := outbound.New(outbound.Options{Timeout: eventually.Patience, MaxAnswer: 100, AllowPrivate: true})
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Errorf("answered %d", response.StatusCode)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	defer server.Close()
	cbc := httptest.NewUnstartedServer(http.NotFoundHandler())
	cbc.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}}
	cbc.StartTLS()
	defer cbc.Close()
	modern := httptest.NewTLSServer(http.NotFoundHandler())
	defer modern.Close()
	roots := x509.NewCertPool()
	roots.AddCert(modern.Certificate())
	cases := map[string]struct {
		url   string
		roots *x509.CertPool
		works bool
	}{
		"a known authority":   {modern.URL, roots, true},
		"an unknown one":      {modern.URL, nil, false},
		"an outdated version": {server.URL, roots, false},
		"an outdated cipher":  {cbc.URL, roots, false},
	}
	for name, c := range cases {
		client := outbound.New(outbound.Options{Timeout: eventually.Patience, AllowPrivate: true, Roots: c.roots})
		response, err := client.Get(c.url)
		if response != nil {
			_ = response.Body.Close()
		}
		if (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
	}
}
