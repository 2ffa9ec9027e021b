// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"
)

// Clients that trust both authorities accept what either has issued, and clients of the
// earlier one alone what that one has.
func TestClientsGoOverFromOneAuthorityToAnother(t *testing.T) {
	t.Parallel()
	earlier, later := newAuthority(t, start()), newAuthority(t, start().Add(day))
	before, after := issue(t, earlier, start(), "db"), issue(t, later, start().Add(day), "db")
	both := later.AlsoTrusting(earlier.Bundle, start().Add(day))
	now := start().Add(2 * day)
	for name, c := range map[string]struct {
		bundle                []byte
		acceptsBefore, accept bool
	}{
		"of the earlier one": {earlier.Bundle, true, false},
		"of both":            {both, true, true},
		"of the later one":   {later.Bundle, false, true},
	} {
		if err := verify(c.bundle, before, "db", now); (err == nil) != c.acceptsBefore {
			t.Errorf("clients %s: the earlier certificate: %v", name, err)
		}
		if err := verify(c.bundle, after, "db", now); (err == nil) != c.accept {
			t.Errorf("clients %s: the later certificate: %v", name, err)
		}
		if got := before.ServesUnder(c.bundle, []string{"db"}, now); got != c.acceptsBefore {
			t.Errorf("the earlier certificate serves clients %s: %t", name, got)
		}
	}
	if !later.Issued(after) || later.Issued(before) {
		t.Error("who has issued which is mistaken")
	}
	if got := after.IssuedAt(); !got.Equal(start().Add(day)) {
		t.Errorf("it was issued at %s", got)
	}
	if again := later.AlsoTrusting(both, now); !bytes.Equal(again, both) {
		t.Error("what is trusted already is trusted twice")
	}
	if gone := later.AlsoTrusting(earlier.Bundle, start().Add(11*365*day)); !bytes.Equal(gone, later.Bundle) {
		t.Error("an authority that has ended is trusted")
	}
}

func TestWhatRenewedAuthoritiesTrustIsOneBundle(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, start())
	renewed, err := a.Renew(start().Add(7*365*day), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := start().Add(8 * 365 * day).Add(time.Hour)
	if got := renewed.AlsoTrusting(a.Bundle, now); !bytes.Equal(got, renewed.Bundle) {
		t.Errorf("the bundle is\n%s, want\n%s", got, renewed.Bundle)
	}
	if leaf := issue(t, a, start(), "db"); !renewed.Issued(leaf) {
		t.Error("the renewed authority disowns what its key has issued")
	}
}
