// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Service is a realm's use cases.
type Service struct {
	Deps
	revoked revocations
}

// Deps is what a Service stands on; every field is required.
type Deps struct {
	Store     Store
	Ephemeral Ephemeral
	Tokens    AccessTokens
	Passwords Passwords
	Sealer    Sealer
	Providers Providers
	Courier   Courier
	Observer  Observer

	// CommonPassword reports whether a password, in lower case, is among those
	// that are tried first.
	CommonPassword func(password string) bool
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	Now      func() time.Time
	Random   io.Reader
	Log      *slog.Logger
}

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{Deps: d} }

// Prune deletes expired rows and ends what the settings say is over; it is called from time to time.
func (s *Service) Prune(ctx context.Context) error {
	return errors.Join(
		s.Store.Prune(ctx, s.Now()),
		s.pruneTrail(ctx),
		s.endBefore(ctx),
	)
}

// newID is a UUID that sorts by time (RFC 9562, section 5.7), so that new rows
// land beside each other in the index.
func (s *Service) newID() (string, error) {
	id, err := uuid.NewV7FromReader(s.Random)
	if err != nil {
		return "", fmt.Errorf("make session id: %w", err)
	}
	return id.String(), nil
}

// full turns a refusal of the password engine into ours.
func full(err error) error {
	var refusal interface{ RetryAfter() time.Duration }
	if errors.As(err, &refusal) {
		return &Error{Code: Busy, RetryAfter: refusal.RetryAfter(), Cause: err}
	}
	return err
}
