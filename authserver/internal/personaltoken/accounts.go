// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// MakeFor makes a token for a service account, and shows it to the administrator who asks:
// nobody can see it later. It is a credential that stands when its maker has gone, so it wants
// proof. It refuses as session.Admin and signin.RequireProof do, with NotFound or
// ServiceAccountDisabled, and as Make does.
func (s *Service) MakeFor(ctx context.Context, access auth.Secret, accountID string, n New, p signin.Proof, from auth.Client) (Listed, auth.Secret, error) {
	actor, subject, err := s.SignIn.ProvenAdmin(ctx, access, auth.ActMakeServiceAccountToken, accountID, p, from)
	if err != nil {
		return Listed{}, "", err
	}
	of, err := s.account(ctx, accountID)
	if err != nil {
		return Listed{}, "", err
	}
	if of.Account.DisabledAt != nil {
		return Listed{}, "", auth.Refuse(auth.ServiceAccountDisabled)
	}
	client, err := s.checked(ctx, of, n)
	if err != nil {
		return Listed{}, "", err
	}
	m, secret, err := s.newMaking(n, actor, subject)
	if err != nil {
		return Listed{}, "", err
	}
	m.MadeBy = actor.ID
	told, err := s.made(auth.ActMakeServiceAccountToken, actor.ID, accountID, m, from)
	if err != nil {
		return Listed{}, "", err
	}
	err = keep(func() (Outcome, error) {
		return s.Store.MakeAccountToken(ctx, accountID, m, auth.Effects{Events: []auth.Event{told}})
	})
	if err != nil {
		return Listed{}, "", err
	}
	s.Audit.Print(ctx, told)
	return Listed{m.Token, client.DisplayName}, secret, nil
}

// ListFor is a service account's tokens that are good, the newest first, for an administrator.
// It refuses as session.Admin does, or with NotFound.
func (s *Service) ListFor(ctx context.Context, access auth.Secret, accountID string, from auth.Client) ([]Listed, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", accountID, from); err != nil {
		return nil, err
	}
	if _, err := s.account(ctx, accountID); err != nil {
		return nil, err
	}
	return s.listed(ctx, accountID, s.Store.AccountTokensOf)
}

// EndFor ends a token of a service account, for an administrator. It asks for no proof: it
// may be in a hurry. It refuses as session.Admin does, or with NotFound.
func (s *Service) EndFor(ctx context.Context, access auth.Secret, accountID, id string, from auth.Client) error {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActEndServiceAccountToken, accountID, from)
	if err != nil {
		return err
	}
	return s.end(ctx, actor.ID, Owner{Account: &auth.ServiceAccount{ID: accountID}}, id, from)
}

// ApplicationsFor are the clients for which a service account may have tokens, and for how
// long one may be good. It refuses as session.Admin does, or with NotFound.
func (s *Service) ApplicationsFor(ctx context.Context, access auth.Secret, accountID string, from auth.Client) ([]Application, time.Duration, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", accountID, from); err != nil {
		return nil, 0, err
	}
	of, err := s.account(ctx, accountID)
	if err != nil {
		return nil, 0, err
	}
	return s.applications(ctx, of)
}

// account is the owner that a service account is. It refuses with NotFound.
func (s *Service) account(ctx context.Context, id string) (Owner, error) {
	account, found, err := s.Store.ServiceAccountByID(ctx, id)
	if err == nil && !found {
		err = auth.Refuse(auth.NotFound)
	}
	return Owner{Account: &account}, err
}
