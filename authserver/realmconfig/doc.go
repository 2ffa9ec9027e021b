// SPDX-License-Identifier: Apache-2.0

// Package realmconfig is the contract between the operator, which writes a
// realm's configuration, and the auth server, which runs it.
//
// The operator renders Config, Keyset and EncryptionKeys into objects that are
// mounted below one folder, Dir; the server loads that folder into
// one immutable Snapshot and answers on its ops listener with a Report of what
// it runs. Neither side imports anything else of the other.
//
// A setting is said here and nowhere else: Config has its meaning, its unit, its
// bounds and its default, Validate refuses what is out of bounds, and Defaults is
// the document of a realm that says nothing. What the kinds of the API say of it,
// a test compares.
//
// The contract is versioned and strict: an unknown field, a foreign version or
// trailing data is refused, so that an old pod never half-understands a newer
// shape. A change that an older server cannot read raises Version, and with it
// the name of the object that carries the configuration. The key set has a version
// of its own, KeysetVersion, and stands beside the one before.
//
// The package imports the standard library only.
package realmconfig

// Version is the contract version written into and expected of every document but
// the Keyset.
const Version = 1
