// SPDX-License-Identifier: Apache-2.0

package session

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Revocation makes access tokens worthless before they expire: those of a session
// that has ended, one of a client's, or those that say another role of a user than the
// one in force.
type Revocation struct {
	// About is the id of the session, the token or the user.
	About string
	// Role is the user's role in force, empty for one who is disabled or gone; nil
	// when About is a session or a token.
	Role *string
	// At is by the Store's clock. Of two about one user the later one holds; for
	// a session or a token it says nothing, since none begins again.
	At time.Time
}

// RevocationMemory is how long a Revocation matters: as long as the settings let
// any access token live, whatever they say at present, and an hour for clocks that
// differ.
const RevocationMemory = realmconfig.MaxAccessTokenLifetime + time.Hour

// revocations is what one server knows of them, so that it can judge a token
// without asking anybody. One takes about thirty bytes.
type revocations struct {
	mu sync.RWMutex
	// What was heard since began is in young. What is in old was heard before, and
	// is forgotten when it is older than RevocationMemory.
	young, old heard
	began      time.Time
	// loadedAt is until when the Store was read; zero for never.
	loadedAt time.Time
}

type heard struct {
	sessions map[uuid.UUID]struct{}
	users    map[uuid.UUID]roleInForce
}

type roleInForce struct {
	role string
	at   time.Time
}

func newHeard() heard {
	return heard{map[uuid.UUID]struct{}{}, map[uuid.UUID]roleInForce{}}
}

// judge says why a token that was good when it was signed is so no longer; empty
// when nothing is known against it.
func (r *revocations) judge(s auth.Subject) auth.Code {
	session, noSession := uuid.Parse(s.SessionID)
	user, noUser := uuid.Parse(s.UserID)
	r.mu.RLock()
	defer r.mu.RUnlock()
	if noSession == nil && (r.young.ended(session) || r.old.ended(session)) {
		return auth.TokenInvalid
	}
	if grant, err := uuid.Parse(s.GrantID); err == nil && (r.young.ended(grant) || r.old.ended(grant)) {
		return auth.TokenInvalid
	}
	if known, found := r.inForce(user); noUser == nil && found {
		switch known.role {
		case "":
			return auth.TokenInvalid
		case s.Role:
			return ""
		default:
			return auth.TokenExpired
		}
	}
	return ""
}

// revokes reports whether one of these is the id of a token that was revoked, of a grant that
// has ended, or of a user who is disabled or gone.
func (r *revocations) revokes(about ...string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, text := range about {
		id, err := uuid.Parse(text)
		if err != nil {
			continue // nobody's
		}
		if r.young.ended(id) || r.old.ended(id) {
			return true
		}
		if known, found := r.inForce(id); found && known.role == "" {
			return true
		}
	}
	return false
}

func (h heard) ended(session uuid.UUID) bool {
	_, found := h.sessions[session]
	return found
}

func (r *revocations) inForce(user uuid.UUID) (roleInForce, bool) {
	known, found := r.young.users[user]
	if !found {
		known, found = r.old.users[user]
	}
	return known, found
}

// add takes in what was heard, in whatever order and however often.
func (r *revocations) add(now time.Time, list ...Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.began) >= RevocationMemory {
		r.young, r.old, r.began = newHeard(), r.young, now
	}
	for _, one := range list {
		about, err := uuid.Parse(one.About)
		if err != nil {
			continue // nobody's
		}
		if one.Role == nil {
			r.young.sessions[about] = struct{}{}
			continue
		}
		if known, found := r.inForce(about); !found || one.At.After(known.at) {
			r.young.users[about] = roleInForce{*one.Role, one.At}
		}
	}
}
