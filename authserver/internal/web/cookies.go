// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// The prefix lets a browser take a cookie from this host alone, over TLS, for
// every path (RFC 6265bis, section 4.1.3.2).
const (
	refreshCookie  = "__Host-rk-session"
	accessCookie   = "__Host-rk-access"
	languageCookie = "__Host-rk-language"
)

func setCookie(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func dropCookie(w http.ResponseWriter, name string) { setCookie(w, name, "", -time.Second) }

func cookie(r *http.Request, name string) auth.Secret {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return auth.Secret(c.Value)
}

func hasSession(r *http.Request) bool { return cookie(r, refreshCookie) != "" }

// setSession makes a grant the browser's session.
func (w *Web) setSession(req *pageRequest, g session.Grant) {
	request.KeepDevice(req.w, g.DeviceToken)
	setCookie(req.w, refreshCookie, string(g.RefreshToken), g.RefreshLifetime)
	setCookie(req.w, accessCookie, string(g.AccessToken), g.AccessLifetime)
	req.access = g.AccessToken
}

func (req *pageRequest) clearSession() {
	dropCookie(req.w, refreshCookie)
	dropCookie(req.w, accessCookie)
}

// errSignIn means that the visitor must sign in first.
var errSignIn = errors.New("sign-in required")

// signedIn calls use with the visitor's access token, after a refresh when that
// has expired. Two tabs may refresh at once: both are given the same successor
// (see package session). The error is errSignIn when there is no session any more, and
// RateLimited when the visitor's source has refreshed too often.
func (w *Web) signedIn(req *pageRequest, use func(access auth.Secret) error) error {
	access := cmp.Or(req.access, cookie(req.r, accessCookie))
	if access != "" {
		err := use(access)
		if e, ok := refusal(err); !ok || e.Code != auth.TokenExpired && e.Code != auth.TokenInvalid {
			return err
		}
	}
	if !hasSession(req.r) {
		return req.signInAgain(auth.Refuse(auth.RefreshTokenInvalid))
	}
	if err := w.Limiter.CheckRefresh(req.r); err != nil {
		return err
	}
	grant, err := w.Sessions.Refresh(req.r.Context(), cookie(req.r, refreshCookie), req.client)
	if err != nil {
		return req.signInAgain(err)
	}
	w.setSession(req, grant)
	return use(grant.AccessToken)
}

// signInAgain turns a refused refresh into errSignIn, and drops the session's
// cookies.
func (req *pageRequest) signInAgain(err error) error {
	if e, ok := refusal(err); ok && e.Code == auth.RefreshTokenInvalid {
		req.clearSession()
		return errSignIn
	}
	return err
}
