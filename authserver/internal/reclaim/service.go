// SPDX-License-Identifier: Apache-2.0

// Package reclaim gives an account to the owner of its address. Whoever made the
// account may only have typed that address: the first proof of it is the moment to
// drop every way in that they may have kept.
package reclaim

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Service knows what a Claim brings with it. Every field is required.
type Service struct {
	Store    Store
	Audit    *audit.Log
	Notify   *notify.Service
	Attempts *attempts.Service
	Sessions *session.Service
}
