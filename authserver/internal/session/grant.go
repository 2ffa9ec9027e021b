// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Grant is what a login or a refresh yields.
type Grant struct {
	// Subject is whom the access token speaks for.
	Subject         auth.Subject
	AccessToken     auth.Secret
	AccessLifetime  time.Duration
	RefreshToken    auth.Secret
	RefreshLifetime time.Duration
	// DeviceToken is what the device shows at its next login; empty after a refresh.
	DeviceToken auth.Secret
}

// Issue is a Grant for subject with a refresh token that is stored already. It
// refuses with SigningUnavailable.
func (s *Service) Issue(subject auth.Subject, refresh RefreshToken, refreshLifetime time.Duration) (Grant, error) {
	access, lifetime, err := s.Tokens.Issue(subject)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		Subject: subject, AccessToken: access, AccessLifetime: lifetime,
		RefreshToken: auth.Secret(refresh), RefreshLifetime: refreshLifetime,
	}, nil
}
