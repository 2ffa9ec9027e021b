// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// HostProblem is why no certificate and no name server can hold the issuer's
// host, nil when they can. The kind refuses such an issuer; this is for one that
// was there before it did.
func HostProblem(realm *v1alpha1.AuthRealm) error {
	host := Host(realm)
	switch {
	case host == "":
		return errors.New("issuer: has no host")
	case isAddress(host):
		return nil
	case len(host) > 253:
		return fmt.Errorf("issuer: its host has %d bytes, and DNS holds at most 253", len(host))
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "" || len(label) > 63:
			return fmt.Errorf("issuer: its host %q must have 1 to 63 characters between the dots", host)
		case strings.IndexFunc(label, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
			return fmt.Errorf("issuer: its host %q must be written in ASCII, as DNS has it: xn--mller-kva.example for müller.example", host)
		}
	}
	return nil
}
