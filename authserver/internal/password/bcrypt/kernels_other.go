// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package bcrypt

func expand1(c *cipher) { expand1Go(c) }

func expand2(a, b *cipher) { expand2Go(a, b) }

func expand4(lanes *[Lanes]Computation) { expand4Go(lanes) }
