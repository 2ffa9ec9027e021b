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

// The classes. A route in Unlimited may be asked for without end: it is answered from
// memory, or for gateways and backends that ask for everybody.
const (
	Unlimited   RateClass = ""
	RateLogin   RateClass = "login"
	RateRefresh RateClass = "refresh"
	// RateMail is for routes that make the realm send something.
	RateMail       RateClass = "mail"
	RateRegister   RateClass = "register"
	RateFederation RateClass = "oauth"
	RateCode       RateClass = "code"
	// RatePasskey is for questions to authenticators, which the sign-in page asks by itself.
	RatePasskey RateClass = "passkey"
	// RateChange is for what a token lets its bearer change, where nothing is judged.
	RateChange RateClass = "change"
	// RateToken is for what clients ask for, in their users' names or in their own.
	RateToken RateClass = "token"
	// RateDevice is for codes of devices, each of which waits for somebody for minutes.
	RateDevice RateClass = "device"
	// RateRegistration is for clients that register themselves, each of which takes room, and
	// RateDocument for those whose documents the realm asks others for.
	RateRegistration RateClass = "client_registration"
	RateDocument     RateClass = "client_document"
	// RateClient is for requests that do not show of which client they are.
	RateClient RateClass = "client"
	// RateUnnamedProxy is in addition for whoever comes through a gateway that the
	// realm was not told of: all of them together have one limit for each class.
	RateUnnamedProxy RateClass = "unnamed_proxy"
	// RateRead is for what asks the Store, and stores nothing or ends a session.
	RateRead RateClass = "read"
)

// sessionFactor is how many times as often one may refresh, read or log out as do
// anything else that is limited: nobody guesses tokens, and an office behind one
// address has many people in it.
const sessionFactor = 10

// rareShare is of how many requests one may ask for the code of a device, which somebody has
// to type, register a client, or have the document of one read.
const rareShare = 10

// mostPerMinute is what buckets can count: six microseconds apart.
const mostPerMinute = 10_000_000

// allowance is what a class may be asked for in a minute.
func (c RateClass) allowance(perMinute int) int {
	switch {
	case c == RateRefresh, c == RateRead, c == RateToken:
		return perMinute * sessionFactor
	case (c == RateDevice || c == RateRegistration || c == RateDocument) && perMinute > 0:
		return max(perMinute/rareShare, 1)
	default:
		return perMinute
	}
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
	// Unnamed takes note of gateways that the settings should name.
	Unnamed *UnnamedProxies
}

// Check counts a request of a route, and refuses it with RateLimited when its
// source has sent too many of the route's class. It reads no body.
func (l Limiter) Check(r *http.Request, route Route) error {
	network := l.Settings().Network
	l.Unnamed.notice(r, network)
	if route.Rate == Unlimited || network.RequestsPerMinute <= 0 {
		return nil
	}
	client := Client(r, network)
	key, perMinute := string(route.Rate)+":"+client.Source(), client.Allowed(route.Rate.allowance(network.RequestsPerMinute))
	if client.Shared {
		key = string(RateUnnamedProxy) + ":" + key
	}
	return l.take(r, route, key, perMinute)
}

func (l Limiter) take(r *http.Request, route Route, key string, perMinute int) error {
	wait := l.Buckets.Take(r.Context(), key, min(perMinute, mostPerMinute))
	if wait <= 0 {
		return nil
	}
	l.Refused.Limited(route.Pattern)
	return &auth.Error{Code: auth.RateLimited, RetryAfter: wait}
}

// clientFactor is how many times as often as one of its users a client may ask: it does
// so for all of them, from one address.
const clientFactor = 10

// CheckClient counts a request that a client has authenticated against that client,
// wherever it comes from, and refuses it as Check does: no neighbour uses up what is
// another's.
func (l Limiter) CheckClient(r *http.Request, route Route, clientID string) error {
	perMinute := route.Rate.allowance(l.Settings().Network.RequestsPerMinute) * clientFactor
	if route.Rate == Unlimited || perMinute <= 0 {
		return nil
	}
	return l.take(r, route, string(route.Rate)+":client:"+clientID, perMinute)
}

// CheckHost counts a request that is about to be sent to a host for whoever asks, wherever
// they come from, and refuses it as Check does: strangers have the realm trouble nobody. What
// is asked for the sake of a client that is known has a limit of its own, so that they use
// none of it up.
func (l Limiter) CheckHost(r *http.Request, route Route, host string, known bool) error {
	perMinute := route.Rate.allowance(l.Settings().Network.RequestsPerMinute) * clientFactor
	if route.Rate == Unlimited || perMinute <= 0 {
		return nil
	}
	bucket := ":host:"
	if known {
		bucket = ":known:"
	}
	return l.take(r, route, string(route.Rate)+bucket+host, perMinute)
}

// CheckRefresh counts a refresh that another route makes on its way, as one of the
// route for refreshes is counted, and refuses it as Check does.
func (l Limiter) CheckRefresh(r *http.Request) error {
	return l.Check(r, Route{Pattern: InfoFrom(r.Context()).Route, Rate: RateRefresh})
}
