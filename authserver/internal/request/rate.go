// SPDX-License-Identifier: Apache-2.0

package request

import (
	"context"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// RateClass is routes that share one limit for each source.
type RateClass string

// The classes. A route in Unlimited may be asked for without end.
const (
	Unlimited   RateClass = ""
	RateLogin   RateClass = "login"
	RateRefresh RateClass = "refresh"
	// RateMail is for routes that make the realm send something.
	RateMail       RateClass = "mail"
	RateRegister   RateClass = "register"
	RateFederation RateClass = "oauth"
	RateCode       RateClass = "code"
)

// refreshFactor is how many times as often one may refresh as do anything else
// that is limited: nobody guesses refresh tokens, and an office behind one address
// has many people in it.
const refreshFactor = 10

// allowance is what a class may be asked for in a minute.
func (c RateClass) allowance(perMinute int) int {
	if c == RateRefresh {
		return perMinute * refreshFactor
	}
	return perMinute
}

// Buckets count requests for all servers of a realm.
type Buckets interface {
	// Take asks for one of the requests that key may send in a minute. The answer
	// is zero when it was given, and otherwise how long to wait.
	Take(ctx context.Context, key string, perMinute int) time.Duration
}

// Limiter refuses sources that ask too often.
type Limiter struct {
	Buckets Buckets
	// Settings are those in force; they may change between calls.
	Settings func() realmconfig.Config
	// Refused counts a refusal by the route's pattern.
	Refused interface{ Limited(route string) }
}

// Check counts a request of a route, and refuses it with RateLimited when its
// source has sent too many of the route's class. It reads no body.
func (l Limiter) Check(r *http.Request, route Route) error {
	if route.Rate == Unlimited {
		return nil
	}
	network := l.Settings().Network
	perMinute, client := route.Rate.allowance(network.RequestsPerMinute), Client(r, network)
	if perMinute <= 0 || client.Shared {
		return nil
	}
	wait := l.Buckets.Take(r.Context(), string(route.Rate)+":"+client.Source(), perMinute)
	if wait <= 0 {
		return nil
	}
	l.Refused.Limited(route.Pattern)
	return &auth.Error{Code: auth.RateLimited, RetryAfter: wait}
}
