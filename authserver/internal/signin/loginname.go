// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"cmp"
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// LoginName is the stored address of the account that somebody names who wants to
// sign in, whether or not there is one, and what guesses at it are counted by.
//
// It lets people in whose address is from before package mailaddress and could
// not be rewritten: they go on typing what they did. No new account gets such an
// address, so that nobody can come between the typing and its account. What is
// no address at all costs the same question as one that nobody has: stored is
// empty then.
func (s *Service) LoginName(ctx context.Context, typed string) (stored string, account auth.AccountKey, err error) {
	former := auth.FormerEmail(typed)
	address := auth.NormalizeEmail(typed)
	if address != "" && former != "" {
		_, found, err := s.Store.UserByStoredEmail(ctx, former)
		if err != nil || found {
			return former, auth.KeyOf(former), err
		}
	}
	return cmp.Or(address, former), auth.KeyOfTyped(typed), nil
}
