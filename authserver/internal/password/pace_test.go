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
	p := pace{before, before, bcrypt.Lanes}
	p.learn(bcrypt.Lanes, 1, 20*time.Millisecond)
	if p.iteration > before*5/4 {
		t.Errorf("after one interruption an iteration is said to take %s, not %s", p.iteration, before)
	}
	for range 10_000 { // within two seconds
		p.learn(bcrypt.Lanes, 1, after)
	}
	if off := (p.iteration - after).Abs(); off > after/20 {
		t.Errorf("on a machine that has become slower an iteration is said to take %s, not %s", p.iteration, after)
	}
	if p.undisturbed != before {
		t.Error("what others do to the machine counts as its own speed")
	}
	p.learn(bcrypt.Lanes-1, 1, time.Hour)
	if p.iteration > after*21/20 {
		t.Error("an iteration with a lane free counts")
	}
}
