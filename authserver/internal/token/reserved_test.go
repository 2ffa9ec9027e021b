// SPDX-License-Identifier: Apache-2.0

package token

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A claim that a realm or a client declares must never be read as one of the realm's own: a
// member that a token leaves out would be filled by whoever declares its name.
func TestNobodyDeclaresWhatTokensMeanToTheRealm(t *testing.T) {
	t.Parallel()
	names := []string{}
	for _, of := range []any{clientClaims{}, claims{}, idTokenClaims{}} {
		names = append(names, membersOf(reflect.TypeOf(of))...)
	}
	if !slices.Contains(names, "username") || !slices.Contains(names, "sub") || !slices.Contains(names, "role") {
		t.Fatalf("found %q alone", names)
	}
	for _, name := range names {
		if !realmconfig.IsReservedClaim(name) || !realmconfig.IsReservedClaim(strings.ToUpper(name)) {
			t.Errorf("%s can be declared", name)
		}
	}
}

// membersOf are the names that a type has in JSON, with those of what is embedded in it.
func membersOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, membersOf(f.Type)...)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
