// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Identity is whom a gateway tells an application of.
type Identity struct {
	// ClientID is the client that the user was let in by; empty for the realm's own.
	ClientID string
	UserID   string
	// Email is one that the application may take for whom it is of.
	Email           string
	EmailVerified   bool
	Role, SessionID string
}

// Tell sets a header for each part, also for one that is empty: there are gateways that let
// the visitor's own header pass for one that is absent.
func (i Identity) Tell(h http.Header) {
	h.Set("X-Auth-Client-Id", HeaderSafe(i.ClientID))
	h.Set("X-Auth-User-Id", HeaderSafe(i.UserID))
	h.Set("X-Auth-Email", HeaderSafe(i.Email))
	h.Set("X-Auth-Email-Verified", strconv.FormatBool(i.EmailVerified))
	h.Set("X-Auth-Role", HeaderSafe(i.Role))
	h.Set("X-Auth-Session-Id", HeaderSafe(i.SessionID))
}

// HeaderSafe percent-encodes what cannot stand in a header, and "%" itself, so that no two
// values look the same to whoever trusts it.
func HeaderSafe(value string) string { return encoded(value, "%") }

// HeaderList is a list with commas between, each value as HeaderSafe has it and without
// commas of its own.
func HeaderList(values []string) string {
	safe := make([]string, len(values))
	for i, value := range values {
		safe[i] = encoded(value, "%,")
	}
	return strings.Join(safe, ",")
}

func encoded(value, also string) string {
	b := strings.Builder{}
	for _, c := range []byte(value) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(also, c) >= 0 {
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
