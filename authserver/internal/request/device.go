// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A browser keeps its device token in a cookie that no script can read; any
// other client keeps what the login answered and sends it in a header. The
// cookie's prefix keeps neighbouring hosts from setting it (RFC 6265bis, section
// 4.1.3.2).
const (
	deviceCookie = "__Host-rk-device"
	deviceHeader = "X-Device-Token"
)

// device is what the client says it is known by; the header comes first.
func device(r *http.Request) auth.Secret {
	if header := r.Header.Get(deviceHeader); header != "" {
		return auth.Secret(header)
	}
	cookie, err := r.Cookie(deviceCookie)
	if err != nil {
		return ""
	}
	return auth.Secret(cookie.Value)
}

// KeepDevice lets a browser keep the token that its next login is known by. An
// empty token changes nothing.
func KeepDevice(w http.ResponseWriter, token auth.Secret) {
	if token == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: deviceCookie, Value: string(token), Path: "/", MaxAge: int(auth.DeviceLifetime / time.Second),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
}
