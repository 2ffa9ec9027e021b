// SPDX-License-Identifier: Apache-2.0

package mailaddress_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

func TestAddressesAreFoundByTheirBeginning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"":                   {"", ""},
		"Ann":                {"ann", ""},
		" ANN@Exam":          {"ann@exam", ""},
		"ann@Bücher":         {"ann@xn--bcher-kva", ""},
		"ann@bücher.":        {"ann@xn--bcher-kva.", ""},
		"ann@bücher.ex":      {"ann@xn--bcher-kva.ex", ""},
		"@Example.com":       {"@example.com", "example.com"},
		"@bücher.example":    {"@bücher.example", "xn--bcher-kva.example"},
		"BÜCHER":             {"bÜcher", "xn--bcher-kva"},
		"adm\u0130n":         {"adm\u0130n", "xn--admin-bgd"},
		"müller@example.com": {"müller@example.com", ""},
		"ann@\u00ad":         {"ann@\u00ad", ""},
		"50%_\\":             {"50%_\\", ""},
	} {
		address, domain := mailaddress.Prefix(text)
		if address != want[0] || domain != want[1] {
			t.Errorf("%q is looked for as %q and %q, want %q", text, address, domain, want)
		}
	}
}
