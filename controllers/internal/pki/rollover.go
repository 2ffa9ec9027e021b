// SPDX-License-Identifier: Apache-2.0

package pki

import "time"

// An authority that took the place of another has another key: clients that know only
// the earlier one refuse what it issues. They have to trust both before the first
// certificate of the new one is shown, and until the last one of the earlier is not.

// AlsoTrusting is a's bundle and, until they expire, what else an earlier bundle holds.
func (a Authority) AlsoTrusting(earlier []byte, now time.Time) []byte {
	return trusted(a.Certificate, append(parseBundle(a.Bundle), parseBundle(earlier)...), now)
}

// Issued reports whether a certificate is a's, whenever it ends.
func (a Authority) Issued(leaf Pair) bool {
	return leaf.Certificate.CheckSignatureFrom(a.Certificate) == nil
}

// IssuedAt is when a certificate of an Authority was made.
func (p Pair) IssuedAt() time.Time { return p.Certificate.NotBefore.Add(backdate) }

// ServesUnder reports what Authority.Serves does of a certificate of whichever
// authority a bundle holds.
func (p Pair) ServesUnder(bundle []byte, hosts []string, now time.Time) bool {
	for _, c := range parseBundle(bundle) {
		if (Authority{Pair: Pair{Certificate: c}}).Serves(p, hosts, now) {
			return true
		}
	}
	return false
}
