// SPDX-License-Identifier: Apache-2.0

// Package mailcode signs people in by a code that is mailed to them: six digits that are
// typed where they were asked for, or a link that works in the browser that has asked.
//
// Whoever asks is given a handle, and only with that is a code worth anything. What somebody
// has been talked out of, or a program that looks at mails has followed, opens nothing by
// itself. Asking and guessing do the same work, and are answered the same, whether or not
// there is such an account: an address without one has a handle too, and a code that nobody
// is ever sent.
//
// The first code that is shown of an address is the first proof of that, and gives the
// account to its owner (package reclaim).
package mailcode

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Service signs people in by mailed codes. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Sealer   auth.Sealer
	Tokens   session.AccessTokens
	Notify   *notify.Service
	Attempts *attempts.Service
	SignIn   *signin.Service
	Reclaim  *reclaim.Service
}

// Store finds codes. notify.Store keeps them.
type Store interface {
	// UserByEmail finds a user by address; false when there is none.
	UserByEmail(ctx context.Context, email mailaddress.Address) (auth.User, bool, error)
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// MailedCode reads a code that has not expired, and whose it is, and leaves it valid;
	// false when there is none.
	MailedCode(ctx context.Context, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, auth.User, bool, error)
}
