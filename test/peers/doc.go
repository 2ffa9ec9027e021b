// SPDX-License-Identifier: Apache-2.0

// Package peers holds the tests in which software that other people wrote signs
// people in at a realm, over TLS and with real stores: libraries, by an application
// made with each (hack/peers-js, hack/peers-go, hack/peers-py), and programs, with the
// settings that docs/apps tells their users.
package peers
