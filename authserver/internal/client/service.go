// SPDX-License-Identifier: Apache-2.0

// Package client knows the applications that sign people in at the realm: who they
// are, how they show it, and when they last did.
//
// A client shows a secret (RFC 6749, section 2.3.1), or an assertion that it has
// signed with a key of its own (RFC 7523, section 2.2), or one that a Kubernetes cluster
// has signed for it, or, when it is public, nothing. Which of these it must show, its
// document says.
package client

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/recent"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Service knows a realm's clients. Every field is required.
type Service struct {
	auth.Realm
	// Clients are those in force; they may change between calls.
	Clients func() *realmconfig.ClientSet
	Store   Store
	Keys    Keys
	Usage   *Usage

	registered recent.Map[string, heard]
}

// Store remembers what must not be used twice, and clients that nobody declares.
type Store interface {
	// SpendToken remembers a token until it expires. The result is false when it is
	// remembered already: of any number of callers at once it is true for one.
	SpendToken(ctx context.Context, t auth.OneTimeToken) (bool, error)
	// RegisteredClient reads a client that has registered itself, expired or not.
	RegisteredClient(ctx context.Context, id string) (Registered, bool, error)
	// KeepRegisteredClient notes that one is used at a time, the first on that day, and lasts
	// until another time at least. It does nothing for one that has expired.
	KeepRegisteredClient(ctx context.Context, id string, now, until time.Time) error
}

// Keys know the keys of clients and of clusters.
type Keys interface {
	// Algorithms are those by which clients may sign, in order.
	Algorithms() []string
	// Verify returns what a JWT says that one of these keys has signed, by one of the
	// algorithms: each needs a private key. The error says what is wrong, and quotes
	// nothing of the JWT or of the key set.
	Verify(ctx context.Context, keys realmconfig.PublicKeys, jwt auth.Secret) ([]byte, error)
}

// Find returns the client of an id as it is in force, that of the realm's own applications and
// those that have registered themselves among them. The caller changes nothing of it. It
// refuses with DatabaseUnavailable where nobody knows of one that may have registered itself.
func (s *Service) Find(ctx context.Context, id string) (realmconfig.Client, bool, error) {
	if id == realmconfig.FirstPartyID {
		client, found := s.Settings().FirstParty()
		return client, found, nil
	}
	if realmconfig.IsSelfRegisteredID(id) {
		return s.findRegistered(ctx, id)
	}
	client, found := s.Clients().Find(id)
	return client, found, nil
}

// GrantsSince is when the oldest grant of a client that is not over can have begun. Of one
// that there is not, the id is enough.
func (s *Service) GrantsSince(c realmconfig.Client) time.Time {
	if c.RegisteredItself() {
		return c.Since
	}
	return s.Clients().GrantsSince(c.ID)
}

// Audiences are whom the access tokens of a client may be for (RFC 8707): those of its
// document that the realm allows as well.
func (s *Service) Audiences(c realmconfig.Client) []string {
	allowed := s.Settings().Clients.Audiences
	return slices.DeleteFunc(slices.Clone(c.Audiences), func(a string) bool { return !slices.Contains(allowed, a) })
}
