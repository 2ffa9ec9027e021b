// SPDX-License-Identifier: Apache-2.0

package commonpasswords

import (
	"fmt"
	"testing"
)

func TestContains(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]bool{
		"password": true, "123456": true, "qwertyuiop": true, "correcthorse": false, "trustno1": true,
		"": false, "tr": false, "correct horse battery staple": false, "geekboy": true,
	} {
		if got := Contains(password); got != want {
			t.Errorf("contains %q is %t", password, got)
		}
	}
}

func TestListIsInOrder(t *testing.T) {
	t.Parallel()
	if len(list)%Width != 0 || len(list)/Width < 40_000 {
		t.Fatalf("the list is %d bytes long", len(list))
	}
	for i := Width; i < len(list); i += Width {
		if list[i-Width:i] >= list[i:i+Width] {
			t.Fatalf("entry %d is out of order", i/Width)
		}
	}
}

// TestInnocentPasswordsPass: a shortened hash must not be mistaken for another.
func TestInnocentPasswordsPass(t *testing.T) {
	t.Parallel()
	for i := range 10_000 {
		if innocent := fmt.Sprintf("a sentence of my own, number %d", i); Contains(innocent) {
			t.Errorf("%q is taken for a common password", innocent)
		}
	}
}
