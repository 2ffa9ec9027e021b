// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Registered is a client that nobody declares in the cluster: it has registered itself
// (RFC 7591), or publishes a document of itself at the address that is its id.
type Registered struct {
	ID string
	Metadata
	// Since is when it came to be.
	Since time.Time
	// ReadAt is when its document was read, and FreshUntil until when that need not be read
	// again; both are zero for one that has registered itself.
	ReadAt, FreshUntil time.Time
	// UsedOn is the day in UTC on which it was last given a token; zero for none.
	UsedOn time.Time
	// ExpiresAt is when it is no client any more, unless it is used before.
	ExpiresAt time.Time
}

// The ways in which clients come that nobody declares, as rows and metrics call them.
const (
	ByRegistration = "registration"
	ByDocument     = "document"
)

// WayOf is the way in which a client of an id comes.
func WayOf(id string) string {
	if realmconfig.IsRegisteredID(id) {
		return ByRegistration
	}
	return ByDocument
}

// heard is a registered client, as the Store had it at a time.
type heard struct {
	Registered
	heardAt time.Time
}

// Metadata is what a client says of itself (RFC 7591, section 2), as far as the realm keeps it.
type Metadata struct {
	// Name is what it would be called; empty where it does not say. Nobody vouches for it.
	Name         string                  `json:"client_name,omitempty"`
	URI          string                  `json:"client_uri,omitempty"`
	RedirectURIs []string                `json:"redirect_uris"`
	GrantTypes   []realmconfig.GrantType `json:"grant_types"`
}

// DocumentLifetime is how long a client that is known by its document lasts after the day on
// which it was last given a token.
const DocumentLifetime = 30 * 24 * time.Hour

// Lifetime is how long a client of an id lasts after the day on which it was last used, as the
// settings are: what it is granted ends with it.
func Lifetime(id string, settings realmconfig.Config) time.Duration {
	if r := settings.Clients.Registration; realmconfig.IsRegisteredID(id) && r != nil {
		return time.Duration(r.ExpiresAfter)
	}
	return DocumentLifetime
}

// LastsUntil is the expiry of a client that is used now.
func LastsUntil(id string, settings realmconfig.Config, now time.Time) time.Time {
	return dayOf(now).AddDate(0, 0, 1).Add(Lifetime(id, settings))
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// asClient is the client as everything else knows it: a public one, about which people are
// always asked, with access tokens and ID tokens as the realm's own are. Whom its tokens may be
// for, and with which scopes, depends on what is asked for, which package oidc knows.
func (r Registered) asClient(settings realmconfig.Config) realmconfig.Client {
	c := realmconfig.DefaultClient()
	c.ID, c.Since, c.DisplayName = r.ID, r.Since, cmp.Or(r.Name, nameOf(r.ID))
	c.Type, c.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
	c.RedirectURIs, c.GrantTypes = r.RedirectURIs, r.GrantTypes
	c.Scopes = []string{"openid", "profile", "email", "offline_access"}
	c.AccessTokenLifetime, c.IDTokenLifetime = settings.Tokens.AccessTokenLifetime, settings.Tokens.AccessTokenLifetime
	c.RefreshTokenLifetime = min(c.RefreshTokenLifetime, realmconfig.Duration(Lifetime(r.ID, settings)))
	c.Consent = realmconfig.AskConsent
	return c
}

// nameOf is what a client is called that does not say: the host of its document, or its id.
func nameOf(id string) string {
	if u, err := url.Parse(id); err == nil && u.Host != "" {
		return u.Host
	}
	return id
}

func (s *Service) findRegistered(ctx context.Context, id string) (realmconfig.Client, bool, error) {
	settings := s.Settings()
	if !settings.Clients.TakesClient(id) {
		return realmconfig.Client{}, false, nil
	}
	one, found, err := s.Registered(ctx, id)
	if err != nil || !found {
		return realmconfig.Client{}, false, err
	}
	return one.asClient(settings), true, nil
}

const (
	// knownFor is how long a client may have changed elsewhere without being noticed here.
	knownFor = time.Minute
	// knownWithoutStore is for how long what is known is good while the Store is away.
	knownWithoutStore = time.Hour
)

// Registered is a client of an id that has not expired, whether or not the realm takes such
// clients now: what is known, or what the Store says. It refuses with DatabaseUnavailable.
//
// That there is none is not remembered: whoever asks for one that is about to come would keep
// it out.
func (s *Service) Registered(ctx context.Context, id string) (Registered, bool, error) {
	now := s.Now()
	known, found := s.registered.Recall(id)
	if found && now.Sub(known.heardAt) < knownFor && now.Before(known.ExpiresAt) {
		return known.Registered, true, nil
	}
	read, found, err := s.Store.RegisteredClient(ctx, id)
	switch {
	case errors.Is(err, auth.Refuse(auth.DatabaseUnavailable)) && now.Sub(known.heardAt) < knownWithoutStore && now.Before(known.ExpiresAt):
		return known.Registered, true, nil
	case err != nil:
		return Registered{}, false, err
	case !found || !now.Before(read.ExpiresAt):
		s.registered.Forget(id)
		return Registered{}, false, nil
	}
	s.Remember(read)
	return read, true, nil
}

// Remember takes note of a client as the Store has it now.
func (s *Service) Remember(r Registered) { s.registered.Remember(r.ID, heard{r, s.Now()}) }

// keep notes that a client is used today, once a day.
func (s *Service) keep(ctx context.Context, id string) {
	now, settings := s.Now(), s.Settings()
	known, found := s.registered.Recall(id)
	if found && !known.UsedOn.Before(dayOf(now)) {
		return
	}
	until := LastsUntil(id, settings, now)
	if err := s.Store.KeepRegisteredClient(context.WithoutCancel(ctx), id, now, until); err != nil {
		s.Log.WarnContext(ctx, "not noted that a client is used, which lasts no longer for it", "client", id, "error", err)
		return
	}
	if known, found = s.registered.Recall(id); found { // it may have another document meanwhile
		known.UsedOn, known.ExpiresAt = dayOf(now), until
		s.registered.Remember(id, known)
	}
}
