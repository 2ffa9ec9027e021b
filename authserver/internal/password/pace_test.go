// SPDX-License-Identifier: Apache-2.0

package password

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

func TestPaceFollowsTheMachineAndNotAnInterruption(t *testing.T) {
	t.Parallel()
	const before, after = 90 * time.Microsecond, 180 * time.Microsecond
	p := pace(before)
	p.learn(bcrypt.Lanes, 20*time.Millisecond)
	if time.Duration(p) > before*5/4 {
		t.Errorf("after one interruption an iteration is said to take %s, not %s", time.Duration(p), before)
	}
	for range 10_000 { // within two seconds
		p.learn(bcrypt.Lanes, after)
	}
	if off := (time.Duration(p) - after).Abs(); off > after/20 {
		t.Errorf("on a machine that has become slower an iteration is said to take %s, not %s", time.Duration(p), after)
	}
	p.learn(bcrypt.Lanes-1, time.Hour)
	if time.Duration(p) > after*21/20 {
		t.Error("an iteration with a lane free counts")
	}
}
