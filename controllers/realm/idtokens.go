// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// idTokens is what the realm's clients want of tokens beside the realm's own. It must be
// that of every client that any pod may serve: a family that is not among them stops, and
// pods sign no token that is valid longer.
type idTokens struct {
	// algorithms are those that clients verify ID tokens with.
	algorithms []realmconfig.Algorithm

	// lifetime is the longest of any token that clients are given, zero when none has
	// a lifetime of its own.
	lifetime time.Duration
}

// idTokenAlgorithms are those that a realm signs ID tokens with: RS256, which every
// client can ask for (OpenID Connect Discovery 1.0, section 3), and what its clients want.
func idTokenAlgorithms(clients idTokens) []realmconfig.Algorithm {
	return append([]realmconfig.Algorithm{realmconfig.RS256}, clients.algorithms...)
}
