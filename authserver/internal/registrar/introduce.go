// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// A document is not read again for keptAtLeast, and is read again after keptAtMost at the
	// latest, whatever its server says. Until keptAtMost has passed, it also stays good while
	// its server does not answer.
	keptAtLeast = time.Minute
	keptAtMost  = 24 * time.Hour
)

// Introduction is a client that wants to be known, and who brings it.
type Introduction struct {
	ID   string
	From auth.Client
	// Admit refuses, with RateLimited, to have a document read now from a host, anew or, of a
	// client that is known, again.
	Admit func(host string, known bool) error
}

// Introduce makes sure that the realm knows a client by its document, which it reads unless
// it has read it a while ago. For a client of any other id, and of a host that the realm does
// not list, it does nothing. It refuses with ClientRequestInvalid, for the reason
// ClientDocumentUnreadable or ClientDocumentInvalid, with RateLimited, Busy or
// DatabaseUnavailable.
func (s *Service) Introduce(ctx context.Context, i Introduction) error {
	if realmconfig.IsRegisteredID(i.ID) || !s.Settings().Clients.TakesClient(i.ID) {
		return nil
	}
	known, found, err := s.Clients.Registered(ctx, i.ID)
	now := s.Now()
	if err != nil || found && now.Before(known.FreshUntil) {
		return err
	}
	makesDo := found && now.Before(known.ReadAt.Add(keptAtMost))
	err = s.read(ctx, i, found)
	if makesDo && (errors.Is(err, ErrUnanswered) || errors.Is(err, auth.Refuse(auth.RateLimited))) {
		return nil
	}
	return err
}

// read reads a document, once for any number of callers at a time. Whoever is served goes on
// when another has left.
func (s *Service) read(ctx context.Context, i Introduction, known bool) error {
	u, err := url.Parse(i.ID)
	if err != nil {
		return err
	}
	if err := i.Admit(u.Host, known); err != nil {
		return err
	}
	_, err, _ = s.reading.Do(i.ID, func() (any, error) {
		err := s.meet(context.WithoutCancel(ctx), i)
		s.Observer.ClientTaken(client.ByDocument, outcomeOf(err))
		return nil, err
	})
	return err
}

func (s *Service) meet(ctx context.Context, i Introduction) error {
	if known, found, err := s.Clients.Registered(ctx, i.ID); err != nil || found && s.Now().Before(known.FreshUntil) {
		return err // somebody has read it in the meantime
	}
	document, keep, err := s.Documents.Read(ctx, i.ID)
	if err != nil {
		return s.refused(ctx, i.ID, auth.ClientDocumentUnreadable, err)
	}
	metadata, err := ofDocument(i.ID, document)
	if err != nil {
		return s.refused(ctx, i.ID, auth.ClientDocumentInvalid, err)
	}
	now := s.stored(s.Now())
	_, err = s.take(ctx, client.Registered{
		ID: i.ID, Metadata: metadata, Since: now, ReadAt: now, FreshUntil: now.Add(min(max(keep, keptAtLeast), keptAtMost)),
		ExpiresAt: now.Add(keptAtMost), // one that nobody agrees to is soon forgotten
	}, i.From)
	return err
}

// refused tells the log what is wrong, and everybody else what is to be done: what the realm
// can reach, and what answers there, is nobody's business.
func (s *Service) refused(ctx context.Context, id string, reason auth.Reason, why error) error {
	s.Log.InfoContext(ctx, "document of a client not taken", "client", id, "reason", why)
	refusal := auth.RefuseBecause(auth.ClientRequestInvalid, reason)
	if errors.Is(why, ErrUnanswered) {
		refusal.Cause = ErrUnanswered
	}
	return refusal
}

// ofDocument is what a client says of itself at the address that is its id. It refuses with
// *Refusal.
func ofDocument(id string, document []byte) (client.Metadata, error) {
	told, err := parse(document)
	if err != nil {
		return client.Metadata{}, err
	}
	if told.ID != id {
		return client.Metadata{}, refuse("client_id must be the address of the document, letter by letter.")
	}
	return told.metadata(documentedURIs(id))
}
