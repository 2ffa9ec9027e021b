// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// lookForEmptyGroups looks in which of the groups that the requirement of second factors names
// nobody is: one whose name is misspelt would go unnoticed otherwise, and ask nothing of anybody.
func (s *Service) lookForEmptyGroups(ctx context.Context, c Concerned) error {
	empty := []string{}
	if c.Who == realmconfig.RequiredOfGroups {
		var err error
		if empty, err = s.Store.EmptyGroups(ctx, c); err != nil {
			return err
		}
	}
	s.emptyGroups.Store(&empty)
	return nil
}

// emptyGroupsOf are those of a requirement, as somebody looked last. That of passwords names
// none.
func (s *Service) emptyGroupsOf(kind Kind) []string {
	empty := s.emptyGroups.Load()
	if kind != Factors || empty == nil {
		return nil
	}
	return *empty
}
