// SPDX-License-Identifier: Apache-2.0

package render

// WriteUsers is the function with which both containers of a cache's pod write its users.
func WriteUsers() string { return writeUsers }
