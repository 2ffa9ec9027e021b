// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/json"
	"slices"
	"time"
)

// ClientToken is what an access token says that a client was given (RFC 9068): in whose
// name it acts, and for whom. It opens nothing of the realm itself.
type ClientToken struct {
	// ID is the token's own, a UUID by which it is revoked.
	ID string
	// ClientID is the client that the token was issued to.
	ClientID string
	// Subject is the user whom the token speaks for, or the service account, or the client's
	// own id where it speaks for itself.
	Subject string
	// Username is what the service account is called that the token speaks for; empty for a
	// user, and for a client.
	Username string
	// GrantID is the grant that the token was issued by, with whose end the token is
	// worthless; empty for a token of a client's own.
	GrantID string
	// SessionID is the session that the grant hangs on, with whose end the token is
	// worthless too; empty for a token of a client's own.
	SessionID string
	// Audience is whom the token is for, Scope what for.
	Audience, Scope []string
	// Key is the thumbprint (RFC 7638) of the key that the token is bound to (RFC 9449,
	// section 6); empty where whoever has the token may use it.
	Key string
	// AuthTime is when the user signed in; zero for a token of a client's own. AMR is how
	// (RFC 8176).
	AuthTime            time.Time
	AMR                 []string
	IssuedAt, ExpiresAt time.Time
	// Actor is the client that acts for the user by a token that it has exchanged; nil for
	// none. GrantClientID is the client that has the grant then.
	Actor         *Actor
	GrantClientID string
	// Claims is what the token says of the user beside, as JSON by the names of claims; nil
	// for nothing. Nobody here reads it back.
	Claims map[string]json.RawMessage
}

// Actor is who acts for somebody else (RFC 8693, section 4.1). Who acts now is the first, and
// who handed the token on stands behind.
type Actor struct {
	Subject string `json:"sub"`
	Before  *Actor `json:"act,omitempty"`
}

// Depth is how many there are.
func (a *Actor) Depth() int {
	depth := 0
	for ; a != nil; a = a.Before {
		depth++
	}
	return depth
}

// ACR is the class of the user's sign-in; empty for a token of a client's own.
func (t ClientToken) ACR() string {
	if t.AuthTime.IsZero() {
		return ""
	}
	return ACROf(t.AMR)
}

// OfUser reports whether the token speaks for a user, or for a service account. No client has
// the id of one.
func (t ClientToken) OfUser() bool { return t.Subject != t.ClientID }

// UserID is whom gateways tell applications of: a user, a service account with its mark, or
// nobody where the client speaks for itself.
func (t ClientToken) UserID() string {
	switch {
	case !t.OfUser():
		return ""
	case t.Username != "":
		return MarkedServiceAccount(t.Subject)
	default:
		return t.Subject
	}
}

// Clients are all by whose end the token is worthless: the one that it was issued to, the one
// that has the grant, and those that have handed it on.
func (t ClientToken) Clients() []string {
	ids := []string{t.ClientID}
	if t.GrantClientID != "" {
		ids = append(ids, t.GrantClientID)
	}
	for actor := t.Actor; actor != nil; actor = actor.Before {
		ids = append(ids, actor.Subject)
	}
	return ids
}

// IsFor reports whether one of these is an audience of the token.
func (t ClientToken) IsFor(audiences ...string) bool {
	return slices.ContainsFunc(t.Audience, func(a string) bool { return slices.Contains(audiences, a) })
}
