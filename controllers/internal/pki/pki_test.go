// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
)

const day = 24 * time.Hour

func start() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

func hosts() []string { return []string{"login.example.com", "staff.ns.svc", "10.0.0.1"} }

func newAuthority(t *testing.T, now time.Time) pki.Authority {
	t.Helper()
	a, err := pki.NewAuthority("ns/staff", now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a pki.Authority, now time.Time, hosts ...string) pki.Pair {
	t.Helper()
	leaf, err := a.Issue(hosts, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// verify is what a client does that trusts a bundle.
func verify(bundle []byte, leaf pki.Pair, host string, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err := leaf.Certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: now})
	return err
}

func TestClientsAcceptWhatTheAuthorityIssues(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	leaf := issue(t, a, start(), hosts()...)
	for name, host := range map[string]string{"a name": "login.example.com", "the Service": "staff.ns.svc", "an address": "10.0.0.1"} {
		if err := verify(a.Bundle, leaf, host, start()); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	if err := verify(a.Bundle, leaf, "other.example.com", start()); err == nil {
		t.Error("a host that was not asked for is accepted")
	}
	if err := verify(newAuthority(t, start()).Bundle, leaf, "login.example.com", start()); err == nil {
		t.Error("clients of another realm accept the certificate")
	}
}

func TestCertificateServes(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	leaf := issue(t, a, start(), hosts()...)
	for name, c := range map[string]struct {
		authority pki.Authority
		hosts     []string
		after     time.Duration
		want      bool
	}{
		"when fresh":                         {a, hosts(), 0, true},
		"when the hosts come in disorder":    {a, []string{"10.0.0.1", "STAFF.ns.svc", "login.example.com"}, 0, true},
		"just before two thirds of its life": {a, hosts(), 59 * day, true},
		"no more after two thirds":           {a, hosts(), 61 * day, false},
		"no more with another host":          {a, append(hosts(), "new.example.com"), 0, false},
		"no more with one host less":         {a, hosts()[1:], 0, false},
		"no more with another address":       {a, []string{"login.example.com", "staff.ns.svc", "10.0.0.2"}, 0, false},
		"not for another authority":          {newAuthority(t, start()), hosts(), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.authority.Serves(leaf, c.hosts, start().Add(c.after)); got != c.want {
				t.Errorf("Serves is %t, want %t", got, c.want)
			}
		})
	}
}

func TestRenewedAuthorityBreaksNobody(t *testing.T) {
	t.Parallel()
	old := newAuthority(t, start())
	now := old.RenewAt()
	renewed, err := old.Renew(now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	oldLeaf, newLeaf := issue(t, old, now, hosts()...), issue(t, renewed, now, hosts()...)
	for name, c := range map[string]struct {
		bundle []byte
		leaf   pki.Pair
	}{
		"a client of the new bundle, a pod with the old certificate": {renewed.Bundle, oldLeaf},
		"a client of the new bundle, a pod with the new certificate": {renewed.Bundle, newLeaf},
		"a client of the old bundle, a pod with the new certificate": {old.Bundle, newLeaf},
	} {
		if err := verify(c.bundle, c.leaf, "login.example.com", now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !renewed.RenewAt().After(now) {
		t.Error("the renewed authority is due at once")
	}
}

func TestBundleForgetsWhatHasExpired(t *testing.T) {
	t.Parallel()
	old := newAuthority(t, start())
	renewed, err := old.Renew(old.RenewAt(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		now  time.Time
		want int
	}{
		"while the earlier certificate is valid": {old.Certificate.NotAfter.Add(-day), 2},
		"when it has expired":                    {old.Certificate.NotAfter.Add(day), 1},
	} {
		a, err := pki.ParseAuthority(renewed.CertificatePEM, renewed.KeyPEM, renewed.Bundle, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := count(a.Bundle); got != c.want {
			t.Errorf("%s the bundle holds %d certificates, want %d", name, got, c.want)
		}
	}
}

func TestBundleThatWasEmptiedByHandIsRepaired(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	parsed, err := pki.ParseAuthority(a.CertificatePEM, a.KeyPEM, nil, start())
	if err != nil {
		t.Fatal(err)
	}
	if string(parsed.Bundle) != string(a.Bundle) {
		t.Errorf("the bundle is %q", parsed.Bundle)
	}
}

func count(bundle []byte) int {
	n := 0
	for {
		block, rest := pem.Decode(bundle)
		if block == nil {
			return n
		}
		n, bundle = n+1, rest
	}
}

func TestAuthoritiesThatAreRefused(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t, start()), newAuthority(t, start())
	leaf := issue(t, a, start(), hosts()...)
	for name, pair := range map[string][2][]byte{
		"no certificate":                {nil, a.KeyPEM},
		"no key":                        {a.CertificatePEM, nil},
		"the key of another":            {a.CertificatePEM, other.KeyPEM},
		"a certificate of no authority": {leaf.CertificatePEM, leaf.KeyPEM},
	} {
		if _, err := pki.ParseAuthority(pair[0], pair[1], nil, start()); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestLeafNeverOutlivesItsAuthority(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	leaf := issue(t, a, a.Certificate.NotAfter.Add(-day), hosts()...)
	if leaf.Certificate.NotAfter.After(a.Certificate.NotAfter) {
		t.Errorf("the leaf ends on %s, its authority on %s", leaf.Certificate.NotAfter, a.Certificate.NotAfter)
	}
}

func TestWhatCannotBeIssuedIsAnError(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	if _, err := a.Issue(nil, start(), rand.Reader); err == nil {
		t.Error("a certificate for nobody was issued")
	}
	if _, err := a.Issue(hosts(), start(), dry{}); !errors.Is(err, errDry) {
		t.Errorf("without randomness the error is %v", err)
	}
}

var errDry = errors.New("no randomness left")

type dry struct{}

func (dry) Read([]byte) (int, error) { return 0, errDry }

func TestACertificateIsServedOnlyWhileItIsValid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	a, err := pki.NewAuthority("ns/staff", now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.Issue([]string{"login.example.com"}, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at   time.Time
		want bool
	}{
		"when it is issued":                 {now, true},
		"by a clock that is an hour behind": {now.Add(-time.Hour), false},
		"when the clock goes on":            {now.Add(time.Hour), true},
		"when it is to be renewed":          {leaf.RenewAt(), false},
		"when it has expired":               {leaf.Certificate.NotAfter, false},
	} {
		if got := a.Serves(leaf, []string{"login.example.com"}, c.at); got != c.want {
			t.Errorf("%s: it serves: %t", name, got)
		}
	}
	if soon := leaf.ExpiresSoonAt(); leaf.Certificate.NotAfter.Sub(soon) != 7*24*time.Hour {
		t.Errorf("it expires soon from %s on", soon)
	}
	if !leaf.IsForServers() {
		t.Error("it is not for servers")
	}
}
