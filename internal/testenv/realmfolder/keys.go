// SPDX-License-Identifier: Apache-2.0

package realmfolder

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// NewKey is a key that has signed for an hour. It panics where the system has no
// randomness, without which no test can go on.
func NewKey(algorithm realmconfig.Algorithm) realmconfig.Key {
	var signer crypto.Signer
	var err error
	switch algorithm {
	case realmconfig.RS256:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case realmconfig.EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		panic(err)
	}
	since := time.Now().Add(-time.Hour)
	key, err := realmconfig.NewKey(signer, since)
	if err != nil {
		panic(err)
	}
	key.SignFrom = &since
	return key
}

// rs256 is one for all realms of a process: to make one takes longer than most tests.
var rs256 = sync.OnceValue(func() realmconfig.Key { return NewKey(realmconfig.RS256) })

// Keyset is a key set of these keys, in families. The first key's signs access tokens.
func Keyset(keys ...realmconfig.Key) realmconfig.Keyset {
	keyset := realmconfig.Keyset{Version: realmconfig.KeysetVersion}
	for _, k := range keys {
		i := slices.IndexFunc(keyset.Families, func(f realmconfig.Family) bool { return f.Algorithm == k.Algorithm })
		if i < 0 {
			i, keyset.Families = len(keyset.Families), append(keyset.Families, realmconfig.Family{Algorithm: k.Algorithm})
		}
		keyset.Families[i].Keys = append(keyset.Families[i].Keys, k)
	}
	since := keys[0].CreatedAt
	keyset.Families[0].Access = &realmconfig.Access{TakenFrom: since, SignFrom: &since}
	return keyset
}

// NewCertificate is one that signs itself, for IssuerHost, 127.0.0.1 and other hosts, in PEM.
func NewCertificate(notAfter time.Time, hosts ...string) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("make certificate: %w", err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return "", "", fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
		DNSNames: append([]string{IssuerHost}, hosts...), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", fmt.Errorf("make certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", fmt.Errorf("make certificate: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), nil
}
