// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package password

// yieldToOthers does nothing where a thread has no priority of its own.
func yieldToOthers() {}

// letOthersIn does nothing where nobody has measured what it is good for.
func letOthersIn() {}
