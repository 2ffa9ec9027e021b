// SPDX-License-Identifier: Apache-2.0

package outbound

// Allowed is for tests of addresses that nobody should connect to.
var Allowed = allowed
