// SPDX-License-Identifier: Apache-2.0

package race_test

import (
	"sync"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Nobody is answered before everybody has asked: the callers are there at once.
func TestCallersAreThereAtOnce(t *testing.T) {
	t.Parallel()
	const callers = 50
	var all sync.WaitGroup
	all.Add(callers)
	winners := race.Winners(callers, func(i int) int { all.Done(); all.Wait(); return i }, func(i int) bool { return i == 7 })
	if len(winners) != 1 || winners[0] != 7 {
		t.Errorf("won: %v", winners)
	}
}
