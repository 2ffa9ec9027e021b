// SPDX-License-Identifier: Apache-2.0

// Package conformance has a test for each module of the OpenID Foundation's
// conformance suite (v5.2.3) that a provider with the code flow has to pass: its Basic
// profile, the same by form_post, Config, RP-Initiated and Back-Channel Logout. The names of the
// subtests are those of the modules, and what they ask is what the modules ask, written
// anew from the standards.
//
// A relying party on nothing but net/http asks a realm over TLS, with a real PostgreSQL
// and a real Redis, and before that the npm package oidc-provider, which the Foundation
// has certified: a test that fails there is wrong.
//
// A module is skipped where the standard leaves a feature to the provider and the
// provider's discovery document does not name it.
package conformance
