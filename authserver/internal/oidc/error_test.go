// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// What a capability refuses is told in words that clients know.
func TestRefusalsInTheWordsOfOAuth(t *testing.T) {
	t.Parallel()
	for code, want := range map[auth.Code]struct {
		code   ErrorCode
		status int
	}{
		auth.InvalidRequest:      {InvalidRequest, 400},
		auth.BodyTooLarge:        {InvalidRequest, 413},
		auth.RateLimited:         {TemporarilyUnavailable, 429},
		auth.DatabaseUnavailable: {TemporarilyUnavailable, 503},
		auth.SigningUnavailable:  {TemporarilyUnavailable, 503},
		auth.Busy:                {TemporarilyUnavailable, 503},
		auth.Internal:            {ServerError, 500},
		auth.EmailTaken:          {ServerError, 500}, // which no endpoint of clients refuses with
	} {
		got := errorOf(auth.Refuse(code))
		if got.Code != want.code || got.status() != want.status || got.Description == "" || strings.ContainsFunc(got.Description, notDescribable) {
			t.Errorf("%s is told as %d %+v", code, got.status(), got)
		}
	}
	if got := refuse(InvalidClient, "x").status(); got != 401 {
		t.Errorf("invalid_client is a %d", got)
	}
}
