// SPDX-License-Identifier: Apache-2.0

package request

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// FlowCookies keep what a browser must bring back to end what it has begun. Each
// flow has a cookie of its own, called Name, a hyphen and the flow: a browser has
// tabs, and what one of them begins must not end what another one has.
//
// What is begun and never ended would pile up, in every request of the browser. So
// there are at most Most flows, whose values have at most MostBytes together; a new
// one takes the place of the oldest.
type FlowCookies struct {
	// Name should begin with __Host-, which keeps neighbouring hosts from setting
	// one (RFC 6265bis, section 4.1.3.2).
	Name            string
	Most, MostBytes int
	// Lifetime is how long somebody may take.
	Lifetime time.Duration
}

// FlowOf names the flow that a secret is of, in 12 characters that may stand in
// addresses and tell nothing of the secret.
func FlowOf(secret auth.Secret) string {
	const nameBytes = 9
	hash := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(hash[:nameBytes])
}

// Keep gives the browser the cookie of a flow that begins, or goes on, with r. A value
// of more than MostBytes is not kept.
func (c FlowCookies) Keep(w http.ResponseWriter, r *http.Request, flow, value string) {
	if len(value) > c.MostBytes {
		return
	}
	for _, old := range c.displaced(r, flow, len(value)) {
		c.set(w, old.Name, "", -time.Second)
	}
	c.set(w, c.nameOf(flow), value, c.Lifetime)
}

// displaced are the other flows of r for which there is no room beside a value. A
// browser sends its oldest cookies first (RFC 6265, section 5.4).
func (c FlowCookies) displaced(r *http.Request, flow string, more int) []*http.Cookie {
	known := slices.DeleteFunc(r.Cookies(), func(k *http.Cookie) bool {
		return !strings.HasPrefix(k.Name, c.nameOf("")) || k.Name == c.nameOf(flow)
	})
	size := more
	for _, k := range known {
		size += len(k.Value)
	}
	n := 0
	for ; n < len(known) && (len(known)-n >= c.Most || size > c.MostBytes); n++ {
		size -= len(known[n].Value)
	}
	return known[:n]
}

// Of is the value that a browser has kept for a flow; empty where it has none, or
// two.
func (c FlowCookies) Of(r *http.Request, flow string) auth.Secret {
	kept := r.CookiesNamed(c.nameOf(flow))
	if len(kept) != 1 {
		return ""
	}
	return auth.Secret(kept[0].Value)
}

// Newest is the value of the flow that a browser has kept last; empty where it has none.
// It sends its oldest cookies first (RFC 6265, section 5.4).
func (c FlowCookies) Newest(r *http.Request) auth.Secret {
	for _, k := range slices.Backward(r.Cookies()) {
		if strings.HasPrefix(k.Name, c.nameOf("")) {
			return auth.Secret(k.Value)
		}
	}
	return ""
}

// Take is Of for the last time: the browser is told to forget the value.
func (c FlowCookies) Take(w http.ResponseWriter, r *http.Request, flow string) auth.Secret {
	value := c.Of(r, flow)
	if value != "" {
		c.set(w, c.nameOf(flow), "", -time.Second)
	}
	return value
}

func (c FlowCookies) nameOf(flow string) string { return c.Name + "-" + flow }

// set makes the cookie come back with a redirect from another site, but not with
// what a page there sends or embeds.
func (c FlowCookies) set(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
}
