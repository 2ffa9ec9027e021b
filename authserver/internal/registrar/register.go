// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// MaxRegistration bounds what a client sends to register itself, and MaxDocument what it
// publishes, in bytes (draft-ietf-oauth-client-id-metadata-document, section 6.6).
const (
	MaxRegistration = 16 << 10
	MaxDocument     = 5 << 10
)

// Register takes in a client that registers itself (RFC 7591, section 3.1), and shows an
// initial access token. It refuses with TokenMissing or TokenInvalid who shows none, with
// *Refusal a client that says of itself what the realm does not take, and with Busy or
// DatabaseUnavailable.
//
// The client lasts as long as it is used. What it is given is for people who have agreed to it
// anew, and so an agent that works every day loses nothing, while one that was tried once is
// gone in a while.
func (s *Service) Register(ctx context.Context, token auth.Secret, document []byte, from auth.Client) (client.Registered, error) {
	registered, err := s.register(ctx, token, document, from)
	s.Observer.ClientTaken(client.ByRegistration, outcomeOf(err))
	return registered, err
}

func (s *Service) register(ctx context.Context, token auth.Secret, document []byte, from auth.Client) (client.Registered, error) {
	settings := s.Settings()
	if err := checkToken(settings.Clients.Registration, token); err != nil {
		return client.Registered{}, err
	}
	told, err := parse(document)
	if err != nil {
		return client.Registered{}, err
	}
	metadata, err := told.metadata(registeredURIs)
	if err != nil {
		return client.Registered{}, err
	}
	id, err := s.NewID()
	if err != nil {
		return client.Registered{}, err
	}
	r := client.Registered{ID: realmconfig.RegisteredPrefix + id, Metadata: metadata, Since: s.stored(s.Now())}
	r.ExpiresAt = client.LastsUntil(r.ID, settings, r.Since)
	return s.take(ctx, r, from)
}

// checkToken looks at every token, however early one is right.
func checkToken(r *realmconfig.ClientRegistration, token auth.Secret) error {
	switch {
	case token == "":
		return auth.Refuse(auth.TokenMissing)
	case r == nil || len(token) > realmconfig.MaxInitialAccessTokenLen:
		return auth.Refuse(auth.TokenInvalid)
	}
	shown, right := realmconfig.DigestSecret(string(token)), 0
	for _, known := range r.InitialAccessTokens {
		right |= subtle.ConstantTimeCompare(shown[:], known[:])
	}
	if right != 1 {
		return auth.Refuse(auth.TokenInvalid)
	}
	return nil
}

// stored is a time as the Store keeps it, in microseconds.
func (s *Service) stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// outcomeOf is what an Observer is told.
func outcomeOf(err error) string {
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return string(auth.InvalidRequest)
	}
	return auth.OutcomeOf(err)
}
