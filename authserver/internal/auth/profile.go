// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// Profile is the user an access token speaks for, as the Store knows them now.
// It refuses as caller does.
func (s *Service) Profile(ctx context.Context, access Secret) (User, error) {
	user, _, err := s.caller(ctx, access)
	return user, err
}
