// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Realm is what every capability knows of the realm it works for and of the
// machine it runs on. Every field is required.
type Realm struct {
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	Now      func() time.Time
	Random   io.Reader
	Log      *slog.Logger
}

// NewID is a UUID that sorts by time (RFC 9562, section 5.7), so that new rows
// land beside each other in the index.
func (r Realm) NewID() (string, error) {
	id, err := uuid.NewV7FromReader(r.Random)
	if err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	return id.String(), nil
}
