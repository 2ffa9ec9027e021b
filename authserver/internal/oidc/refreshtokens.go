// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// introspectRefreshToken says what a client may know of a refresh token: nothing of
// another client's. It is false for what is none, and may be an access token.
func (s *Service) introspectRefreshToken(context.Context, call, auth.Secret) (introspection, bool, error) {
	return introspection{}, false, nil // no grant gives any
}

// revokeRefreshToken ends the grant of a refresh token of the client's. It is false for
// what is none, and may be an access token.
func (s *Service) revokeRefreshToken(context.Context, call, auth.Secret) (bool, error) {
	return false, nil // no grant gives any
}
