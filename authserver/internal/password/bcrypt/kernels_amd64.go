// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package bcrypt

import "golang.org/x/sys/cpu"

// Every processor of x86-64-v3 has BMI1, which is nearly every server since 2013.

func expand1(c *cipher) {
	if !cpu.X86.HasBMI1 {
		expand1Go(c)
		return
	}
	expand1BMI1(c)
}

func expand2(a, b *cipher) {
	if !cpu.X86.HasBMI1 {
		expand2Go(a, b)
		return
	}
	expand2BMI1(a, b)
}

func expand4(lanes *[Lanes]Computation) {
	if !cpu.X86.HasBMI1 {
		expand4Go(lanes)
		return
	}
	expand4BMI1(lanes)
}

//go:noescape
func expand1BMI1(c *cipher)

//go:noescape
func expand2BMI1(a, b *cipher)

//go:noescape
func expand4BMI1(lanes *[Lanes]Computation)
