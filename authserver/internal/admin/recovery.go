// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// ApproveRecovery lets a user's recovery through on behalf of an admin who knows whose it is: its
// link is mailed at once. It refuses as session.Admin and signin.RequireProof do, with NotFound, or
// as account.ApproveRecoveryOf does.
func (s *Service) ApproveRecovery(ctx context.Context, access auth.Secret, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActApproveRecovery, userID, p, from)
	if err != nil {
		return err
	}
	user, err := s.userByID(ctx, userID)
	if err != nil {
		return err
	}
	return s.Accounts.ApproveRecoveryOf(ctx, user, actor.ID, from)
}

// CancelRecovery ends a user's recovery on behalf of an admin. It refuses as session.Admin and
// signin.RequireProof do, with NotFound, or as account.CancelRecoveryOf does.
func (s *Service) CancelRecovery(ctx context.Context, access auth.Secret, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActCancelRecovery, userID, p, from)
	if err != nil {
		return err
	}
	user, err := s.userByID(ctx, userID)
	if err != nil {
		return err
	}
	return s.Accounts.CancelRecoveryOf(ctx, user, actor.ID, from)
}
