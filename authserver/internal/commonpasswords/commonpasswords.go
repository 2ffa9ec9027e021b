// SPDX-License-Identifier: Apache-2.0

// Package commonpasswords knows the passwords that attackers try first. The list
// is part of the program, so that no password, and no part of a hash of one,
// ever leaves it.
//
// The list holds five bytes of each password's SHA-256, in order: a quarter of
// a megabyte that needs no memory of its own and no time at start, and takes an
// innocent password for a common one once in twenty million.
package commonpasswords

import (
	"crypto/sha256"
	_ "embed"
	"sort"
)

// Width is how many bytes of a password's hash the list holds.
const Width = 5

//go:generate go run ./generate

//go:embed list.bin
var list string

// Contains reports whether a password in lower case stands in the list.
func Contains(password string) bool {
	sum := sha256.Sum256([]byte(password))
	wanted := string(sum[:Width])
	entry := func(i int) string { return list[i*Width : (i+1)*Width] }
	n := len(list) / Width
	at := sort.Search(n, func(i int) bool { return entry(i) >= wanted })
	return at < n && entry(at) == wanted
}
