// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestWhatIsEnough(t *testing.T) {
	t.Parallel()
	now, minute := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Minute
	for name, c := range map[string]struct {
		demand Demand
		acr    string
		ago    time.Duration
		enough bool
	}{
		"anything":                 {Demand{}, "", time.Hour, true},
		"one of one":               {Demand{ACR: "1"}, "1", time.Hour, true},
		"two of one":               {Demand{ACR: "1"}, "2", time.Hour, true},
		"one of two":               {Demand{ACR: "2"}, "1", 0, false},
		"nobody's sign-in":         {Demand{ACR: "1"}, "", 0, false},
		"to the second":            {Demand{MaxAge: minute}, "1", minute, true},
		"a moment late":            {Demand{MaxAge: minute}, "2", minute + 1, false},
		"by a clock that is ahead": {Demand{MaxAge: minute}, "1", -time.Second, true},
		"two, too long ago":        {Demand{"2", minute}, "2", time.Hour, false},
		"one, recently":            {Demand{"2", minute}, "1", 0, false},
		"two, recently":            {Demand{"2", minute}, "2", 0, true},
		"a class that nobody has":  {Demand{ACR: "3"}, "2", 0, false},
	} {
		err := c.demand.Check(c.acr, now.Add(-c.ago), now)
		refused := (*Error)(nil)
		if (err == nil) != c.enough || err != nil && (!errors.As(err, &refused) || refused.Code != InsufficientAuthentication || *refused.Demand != c.demand) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if (Demand{MaxAge: minute}).Check("2", time.Time{}, now) == nil {
		t.Error("nobody's sign-in is recent")
	}
}

func TestWithMethods(t *testing.T) {
	t.Parallel()
	before := []string{"pwd"}
	if got := WithMethods(before, "otp", "mfa", "pwd"); !slices.Equal(got, []string{"pwd", "otp", "mfa"}) || ACROf(got) != TwoFactors || ACROf(before) != OneFactor {
		t.Errorf("are %v", got)
	}
	if got := WithMethods(nil, "otp"); !slices.Equal(got, []string{"otp"}) || ACROf(got) != OneFactor {
		t.Errorf("are %v", got)
	}
	if (Subject{AMR: "pwd mfa"}).ACR() != "" || (Subject{AMR: "pwd mfa", AuthTime: time.Unix(1, 0)}).ACR() != TwoFactors {
		t.Error("who has not signed in has a class, or who has has none")
	}
}
