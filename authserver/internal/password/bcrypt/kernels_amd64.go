// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package bcrypt

// expand2 is cipher.expand for two ciphers in step.
//
//go:noescape
func expand2(a, b *cipher)

// expand4 is cipher.expand for the schedules of all lanes in step.
//
//go:noescape
func expand4(lanes *[Lanes]Computation)
