// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ClientsEnd says which sessions of clients' own to end: those of a client that began
// before the time beside it.
type ClientsEnd struct {
	ClientIDs []string
	Before    []time.Time
	Reason    EndReason
	Now       time.Time
}

// EndOfClients ends the sessions of clients' own (offline_access) of clients that are no
// more, so that they stay over when nobody remembers these any longer.
func (s *Service) EndOfClients(ctx context.Context) error {
	e := ClientsEnd{Reason: EndedWithClient, Now: s.Now()}
	for id, at := range s.Clients.Clients().Ended() {
		e.ClientIDs, e.Before = append(e.ClientIDs, id), append(e.Before, at)
	}
	if len(e.ClientIDs) == 0 {
		return nil
	}
	return s.Store.EndSessionsOfClients(ctx, e)
}

// isOver reports whether a session is of a client's own that is no more, or is another one
// by now: it is of use to nobody, and ends soon.
func (s *Service) isOver(ctx context.Context, one Session) bool {
	of := realmconfig.Client{ID: one.ClientID}
	if of.RegisteredItself() {
		client, known, err := s.Clients.Find(ctx, one.ClientID)
		if err != nil {
			return false // whoever ends it finds out
		}
		if of = client; !known {
			return true
		}
	}
	return one.ClientID != "" && one.CreatedAt.Before(s.Clients.GrantsSince(of))
}
