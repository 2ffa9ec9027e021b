// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// responseMode is how an answer gets to the client (OAuth 2.0 Multiple Response Type
// Encoding Practices, section 2.1; OAuth 2.0 Form Post Response Mode).
type responseMode string

const (
	queryMode    responseMode = "query"
	formPostMode responseMode = "form_post"
)

// target is where the answer to a request for authorization goes: an address of the
// client, which is known to be good.
type target struct {
	client      realmconfig.Client
	redirectURI string
	mode        responseMode
	// state goes back as it came; empty for none.
	state string
	// visitor is who is signed in in the browser, found out once for a request: it uses the
	// browser's refresh token up, which twice would be a theft's sign and end the session.
	visitor func() (*auth.Subject, error)
}

// finder knows clients by their ids.
type finder interface {
	Find(ctx context.Context, id string) (realmconfig.Client, bool, error)
}

// targetOf finds out where an answer goes. Until that is known, everything that is wrong
// is told to the person in front of the browser alone, or anybody could have anybody sent
// anywhere (RFC 9700, section 4.11.2). It refuses with ClientRequestInvalid, or as Find does.
func targetOf(ctx context.Context, clients finder, values url.Values) (target, error) {
	id, ok := once(values, "client_id")
	client, known, err := clients.Find(ctx, id)
	if err != nil {
		return target{}, err
	}
	if !ok || !known {
		return target{}, auth.RefuseBecause(auth.ClientRequestInvalid, auth.ClientUnknown)
	}
	uri, ok := once(values, "redirect_uri")
	if !ok || !client.AllowsRedirectURI(uri) {
		return target{}, auth.RefuseBecause(auth.ClientRequestInvalid, auth.RedirectURIUnknown)
	}
	to := target{client: client, redirectURI: uri, mode: queryMode}
	if mode, ok := once(values, "response_mode"); ok && mode == string(formPostMode) {
		to.mode = formPostMode
	}
	if state, ok := once(values, "state"); ok && !unprintable(state) {
		to.state = state
	}
	return to, nil
}

// once is the value of a parameter that stands once, and has one.
func once(values url.Values, name string) (string, bool) {
	all := values[name]
	if len(all) != 1 || all[0] == "" {
		return "", false
	}
	return all[0], true
}

// formAction is a source expression for the target: its origin, or the scheme of an app of
// its own.
func (t target) formAction() string {
	u, err := url.Parse(t.redirectURI)
	if err != nil || u.Scheme == "" {
		return "" // there is none, or it was read before it was registered
	}
	if u.Host == "" || strings.HasPrefix(u.Host, "[") { // a policy has no words for an address of IPv6
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// place is what people may know the target by: a host, or the scheme of an app of its own.
func (t target) place() string {
	u, err := url.Parse(t.redirectURI)
	if err != nil {
		return t.redirectURI
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return u.Scheme
	}
	return u.Host
}

// address is the target with an answer in its query.
func (t target) address(answer url.Values) string { return withQuery(t.redirectURI, answer) }

// withQuery is a registered address with more in its query, beside what it has there
// already.
func withQuery(uri string, more url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + more.Encode()
}

// answer completes what a client is told: the state, and who it is that answers (RFC 9207).
func (t target) answer(issuer string, values url.Values) url.Values {
	values.Set("iss", issuer)
	if t.state != "" {
		values.Set("state", t.state)
	}
	return values
}

// refusal is an error as a client is told of it (RFC 6749, section 4.1.2.1).
func refusal(e *Error) url.Values {
	values := url.Values{"error": {string(e.Code)}}
	if e.Description != "" {
		values.Set("error_description", e.Description)
	}
	return values
}
