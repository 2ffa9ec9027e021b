// SPDX-License-Identifier: Apache-2.0

// Package registrar takes in clients that nobody declares in the cluster: those that register
// themselves (RFC 7591), and those that publish a document of themselves at the address that is
// their id (draft-ietf-oauth-client-id-metadata-document).
//
// What they say is their own word. It is bounded and checked here, once; from then on they are
// public clients like others, about which people are always asked.
package registrar

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
)

// Service takes clients in. Every exported field is required.
type Service struct {
	auth.Realm
	Store     Store
	Documents Documents
	Clients   *client.Service
	Audit     *audit.Log
	Observer  Observer

	reading singleflight.Group
}

// Store has the clients.
type Store interface {
	// StoreRegisteredClient adds a client, or replaces what it says of itself, and returns it
	// as it is then: one that has not expired keeps its Since, and no one expires sooner. It is
	// false for a new one where there are so many of its kind already; of any number of
	// callers at the last free place it is true for one. The event is stored with a new one.
	StoreRegisteredClient(ctx context.Context, r client.Registered, most int, told auth.Event) (client.Registered, bool, error)
}

// Documents reads what clients publish of themselves.
type Documents interface {
	// Read returns the JSON at an address, and for how long its server lets it be kept. It asks
	// that address and no other. The error is of ErrUnanswered where another time may be better;
	// it says what is wrong in words that quote nothing.
	Read(ctx context.Context, address string) (document []byte, keep time.Duration, err error)
}

// ErrUnanswered is of a server that does not answer, or says that it cannot now.
var ErrUnanswered = errors.New("no answer")

// Observer counts what happens.
type Observer interface {
	// ClientTaken counts clients that want to be taken in, by how (client.ByRegistration or
	// client.ByDocument) and outcome: auth.Succeeded, or the code of the refusal.
	ClientTaken(origin, outcome string)
}

// mostClients is how many clients a realm takes in by each of the ways.
const mostClients = 10_000

// take stores a client, and has it known at once. It refuses with Busy where there are too many.
func (s *Service) take(ctx context.Context, r client.Registered, from auth.Client) (client.Registered, error) {
	told, err := s.Audit.NewEvent(auth.ActRegisterClient, "", "", from)
	if err != nil {
		return client.Registered{}, err
	}
	told.Detail = r.ID
	taken, room, err := s.Store.StoreRegisteredClient(ctx, r, mostClients, told)
	switch {
	case err != nil:
		return client.Registered{}, err
	case !room:
		return client.Registered{}, auth.RefuseFor(auth.Busy, time.Minute)
	}
	if taken.Since.Equal(r.Since) {
		s.Audit.Print(ctx, told)
	}
	s.Clients.Remember(taken)
	return taken, nil
}
