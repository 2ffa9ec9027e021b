// SPDX-License-Identifier: Apache-2.0

package request

import (
	"context"
	"crypto/rand"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Info is what is known of a request while it is answered. Whoever learns more
// writes it down there.
type Info struct {
	// ID names the request to whoever reports a fault. Only the server chooses it.
	ID string
	// Route is the pattern that matched, or Unrouted.
	Route string
	// Code is the refusal's, if the request was refused.
	Code auth.Code
}

// Unrouted is the Route of a request that no pattern has matched.
const Unrouted = "none"

type infoKey struct{}

// WithInfo gives the request of ctx a new Info, with an id that nobody can guess.
func WithInfo(ctx context.Context) (context.Context, *Info) {
	info := &Info{ID: rand.Text(), Route: Unrouted}
	return context.WithValue(ctx, infoKey{}, info), info
}

// InfoFrom is the Info of the request that ctx belongs to. A context of no request
// has an empty one, which nobody reads.
func InfoFrom(ctx context.Context) *Info {
	if info, ok := ctx.Value(infoKey{}).(*Info); ok {
		return info
	}
	return &Info{}
}
