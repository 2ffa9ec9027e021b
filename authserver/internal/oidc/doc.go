// SPDX-License-Identifier: Apache-2.0

// Package oidc is the realm as an authorization server (RFC 6749) and OpenID provider
// (OpenID Connect Core 1.0): what clients are told, ask for and give back.
//
// It speaks HTTP itself, since the RFCs say what each answer looks like. There is one
// file for each endpoint and for each grant. An endpoint at which a client shows who it
// is has a line in Service.Routes and a function that is given a call: the parameters,
// and the client that sent them. A grant has a line in Service.grants and a function
// that is given the same. Both refuse with an *Error, in the words of OAuth 2.0, or
// with an *auth.Error, which the package translates.
//
// An access token of a client opens what the client is for. It has a client_id
// (RFC 9068), by which the realm's own API and pages refuse it.
package oidc
