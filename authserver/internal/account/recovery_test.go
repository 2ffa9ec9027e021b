// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestWhatTheLinkOfAResetIsGoodFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	proved := auth.User{EmailVerifiedAt: &now}
	for name, c := range map[string]struct {
		user auth.User
		ways WaysIn
		wait time.Duration
		want resetStep
	}{
		"a password":                          {user: auth.User{EmailVerifiedAt: &now, PasswordHash: "x"}, ways: WaysIn{Others: true}, wait: time.Hour, want: setsPassword},
		"a password, without a wait":          {user: auth.User{EmailVerifiedAt: &now, PasswordHash: "x"}, want: setsPassword},
		"a password, nothing proved":          {user: auth.User{PasswordHash: "x"}, wait: time.Hour, want: setsPassword},
		"nothing that lets in":                {user: proved, wait: time.Hour, want: choosesNow},
		"nothing proved":                      {ways: WaysIn{Others: true}, wait: time.Hour, want: choosesNow},
		"something else":                      {user: proved, ways: WaysIn{Others: true}, wait: time.Hour, want: recovers},
		"something else, without a wait":      {user: proved, ways: WaysIn{Others: true}, want: choosesNow},
		"a wait that goes on":                 {user: proved, ways: WaysIn{Others: true, Recovery: &Recovery{ReadyAt: now.Add(time.Nanosecond)}}, wait: time.Hour, want: recovers},
		"a wait that is over":                 {user: proved, ways: WaysIn{Others: true, Recovery: &Recovery{ReadyAt: now}}, wait: time.Hour, want: choosesNow},
		"a wait that is over, but a password": {user: auth.User{EmailVerifiedAt: &now, PasswordHash: "x"}, ways: WaysIn{Recovery: &Recovery{ReadyAt: now}}, wait: time.Hour, want: setsPassword},
	} {
		if got := stepOf(c.user, c.ways, c.wait, now); got != c.want {
			t.Errorf("%s: step %d, want %d", name, got, c.want)
		}
	}
}
