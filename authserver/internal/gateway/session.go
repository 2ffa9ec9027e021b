// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

const (
	// sessionCookie is of the application's host alone, over TLS (RFC 6265bis, section
	// 4.1.3.2).
	sessionCookie = "__Host-rk-app"
	// longestCookie is in bytes, more than any has that we write.
	longestCookie = 512
	// sealedSession is the purpose under which the id of a grant is sealed for a browser.
	sealedSession = "gateway session"
)

// sessionOf is the standing of whom a browser has signed in at the application. Two cookies
// of the name are none. It refuses with TokenMissing, TokenInvalid or DatabaseUnavailable.
func (s *Service) sessionOf(r *http.Request, q question) (standing, error) {
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) == 0 {
		return standing{}, auth.Refuse(auth.TokenMissing)
	}
	if len(cookies) > 1 || len(cookies[0].Value) > longestCookie {
		return standing{}, auth.Refuse(auth.TokenInvalid)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return standing{}, auth.Refuse(auth.TokenInvalid)
	}
	id, err := s.Sealer.Open(sealedSession, q.owner(), sealed)
	if err != nil {
		return standing{}, auth.Refuse(auth.TokenInvalid)
	}
	known, err := s.standingOf(r.Context(), string(id))
	if err == nil && known.grant.ClientID != q.client.ID {
		err = auth.Refuse(auth.TokenInvalid)
	}
	return known, err
}

// keepSession gives a browser the cookie of a grant, which is good at this host alone, and
// for this client.
func (s *Service) keepSession(w http.ResponseWriter, q question, g grant.Grant) error {
	sealed, err := s.Sealer.Seal(sealedSession, q.owner(), []byte(g.ID))
	if err != nil {
		return err
	}
	setCookie(w, base64.RawURLEncoding.EncodeToString(sealed), g.ExpiresAt.Sub(s.Now()))
	return nil
}

func dropSession(w http.ResponseWriter) { setCookie(w, "", -time.Second) }

func setCookie(w http.ResponseWriter, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// owner is whose a cookie is. Ids and origins have no spaces.
func (q question) owner() string { return q.client.ID + " " + q.origin }
