// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Page is something for people, served beside the API.
type Page struct {
	// Pattern is as http.ServeMux understands it.
	Pattern string
	// Rate names the routes with which it shares a limit for each source; empty
	// for none.
	Rate    string
	Handler http.Handler
}

// ClientOf is who sent a request, as far as the realm may believe it.
func ClientOf(r *http.Request, settings realmconfig.Config) auth.Client {
	agent := r.UserAgent()
	return auth.Client{
		UserAgent: printable(agent[:min(len(agent), maxUserAgent)]),
		Address:   clientAddress(r, settings.Network.TrustedProxies),
		Shared:    fromUnknownProxy(r, settings.Network.TrustedProxies),
		Device:    deviceToken(r),
	}
}

// KeepDevice lets a browser keep what it will be known by.
func KeepDevice(w http.ResponseWriter, token auth.Secret) {
	if token != "" {
		http.SetCookie(w, newDeviceCookie(string(token)))
	}
}

// RequestID names a request to whoever reports a fault.
func RequestID(r *http.Request) string { return exchangeOf(r.Context()).id }

// refuse writes an error for whoever is looking.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if wantsPage(r) {
		a.FailPage(w, r, err)
		return
	}
	a.fail(w, r, err)
}

// wantsPage reports whether a person is looking who would make nothing of JSON.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}
