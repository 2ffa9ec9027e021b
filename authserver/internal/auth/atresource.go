// SPDX-License-Identifier: Apache-2.0

package auth

// AtResource begins what stands among the scopes that somebody agrees to for a protected
// resource at which an application would act in their name: its URL follows. No scope has a
// space.
const AtResource = "resource "
