// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A browser keeps its device token in a cookie that no script can read; any
// other client keeps what the login answered and sends it in a header.
const (
	deviceCookie = "__Host-rk-device"
	deviceHeader = "X-Device-Token"
)

// deviceToken is what the client says it is known by; the header comes first.
func deviceToken(r *http.Request) auth.Secret {
	if header := r.Header.Get(deviceHeader); header != "" {
		return auth.Secret(header)
	}
	cookie, err := r.Cookie(deviceCookie)
	if err != nil {
		return ""
	}
	return auth.Secret(cookie.Value)
}

// cookies serves endpoint. A refresh has no device token, and changes none.
func (b *tokensBody) cookies() []*http.Cookie {
	if b == nil || b.DeviceToken == "" {
		return nil
	}
	return []*http.Cookie{newDeviceCookie(b.DeviceToken)}
}

func newDeviceCookie(token string) *http.Cookie {
	return &http.Cookie{
		Name: deviceCookie, Value: token, Path: "/", MaxAge: int(seconds(auth.DeviceLifetime)),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
}
