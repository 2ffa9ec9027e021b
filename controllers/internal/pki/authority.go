// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Authority is a realm's own certificate authority.
type Authority struct {
	Pair

	// Bundle is what clients trust, in PEM: the certificate in use, and earlier
	// ones until they expire.
	Bundle []byte
}

// NewAuthority makes an authority that is valid for ten years.
func NewAuthority(name string, now time.Time, random io.Reader) (Authority, error) {
	key, err := newKey(random)
	if err != nil {
		return Authority{}, err
	}
	return selfSigned(name, key, nil, now, random)
}

// ParseAuthority reads an authority as it was stored, and drops from its bundle
// what has expired. The error never quotes key material.
func ParseAuthority(certificatePEM, keyPEM, bundle []byte, now time.Time) (Authority, error) {
	pair, err := ParsePair(certificatePEM, keyPEM)
	if err != nil {
		return Authority{}, err
	}
	if !pair.Certificate.IsCA {
		return Authority{}, errors.New("the certificate is not that of an authority")
	}
	return Authority{Pair: pair, Bundle: trusted(pair.Certificate, parseBundle(bundle), now)}, nil
}

// Renew signs the authority's key again for ten years. The key stays, so that a
// client which still holds the earlier certificate verifies what is issued now.
func (a Authority) Renew(now time.Time, random io.Reader) (Authority, error) {
	return selfSigned(a.Certificate.Subject.CommonName, a.Key, parseBundle(a.Bundle), now, random)
}

func selfSigned(name string, key crypto.Signer, earlier []*x509.Certificate, now time.Time, random io.Reader) (Authority, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Realmkeeper"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLifetime),
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	pair, err := sign(template, template, key, key, random)
	if err != nil {
		return Authority{}, err
	}
	return Authority{Pair: pair, Bundle: trusted(pair.Certificate, earlier, now)}, nil
}

// trusted is the bundle for a certificate and the valid ones of earlier times.
func trusted(current *x509.Certificate, earlier []*x509.Certificate, now time.Time) []byte {
	all := []*x509.Certificate{current}
	for _, c := range earlier {
		if c.NotAfter.After(now) && !slices.ContainsFunc(all, c.Equal) {
			all = append(all, c)
		}
	}
	return encodeBundle(all)
}

// Issue makes a serving certificate for hosts, which are DNS names or IP
// addresses, for 90 days or until the authority ends.
func (a Authority) Issue(hosts []string, now time.Time, random io.Reader) (Pair, error) {
	if len(hosts) == 0 {
		return Pair{}, errors.New("issue certificate: no host to issue it for")
	}
	key, err := newKey(random)
	if err != nil {
		return Pair{}, err
	}
	names, addresses := split(hosts)
	end := now.Add(leafLifetime)
	if end.After(a.Certificate.NotAfter) {
		end = a.Certificate.NotAfter
	}
	pair, err := sign(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Realmkeeper"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              end,
		DNSNames:              names,
		IPAddresses:           addresses,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.Certificate, key, a.Key, random)
	if err != nil {
		return Pair{}, fmt.Errorf("issue certificate: %w", err)
	}
	return pair, nil
}
