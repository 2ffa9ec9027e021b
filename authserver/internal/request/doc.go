// SPDX-License-Identifier: Apache-2.0

// Package request is what every transport of a realm knows of an HTTP request
// before it does anything with it: who sent it, through which proxies, with which
// access token and from which known device, what it is counted as against the
// realm's limit, and whether a page of another origin made a browser send it.
//
// A transport is a list of Routes. Whoever serves them gives each request an Info,
// which carries the request's id into its log lines, its problem and its trace, and
// asks a Limiter before a route's handler runs. What is refused here is an
// *auth.Error, which the transport says in its own way; the package writes none.
package request
