// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// person is a user of whom more is read when somebody asks for it, and once for a request.
type person struct {
	auth.User
	groups     *[]string
	identities *[]claims.Identity
}

// groupsOf are the names of those that a person is in.
func (s *Service) groupsOf(ctx context.Context, who *person) ([]string, error) {
	return readOnce(&who.groups, func() ([]string, error) { return s.Groups(ctx, who.ID) })
}

// identitiesOf are those that a person has at other providers.
func (s *Service) identitiesOf(ctx context.Context, who *person) ([]claims.Identity, error) {
	return readOnce(&who.identities, func() ([]claims.Identity, error) { return s.Identities(ctx, who.ID) })
}

func readOnce[T any](known **T, read func() (T, error)) (T, error) {
	if *known != nil {
		return **known, nil
	}
	value, err := read()
	if err == nil {
		*known = &value
	}
	return value, err
}

// groupsFor are the person's, where somebody wants to know them.
func (s *Service) groupsFor(ctx context.Context, who *person, scopes, also []string) ([]string, error) {
	if !wantsGroups(scopes, also) {
		return nil, nil
	}
	return s.groupsOf(ctx, who)
}
