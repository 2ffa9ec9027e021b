// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"

	racing "github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// What works once is raced by so many callers.
const callers = 50

// race calls at once, and says how many calls were true.
func race(t *testing.T, call func(i int) (bool, error)) int {
	t.Helper()
	return raceOf(t, callers, call)
}

func raceOf(t *testing.T, callers int, call func(i int) (bool, error)) int {
	t.Helper()
	return len(racing.Winners(callers, func(i int) bool {
		ok, err := call(i)
		if err != nil {
			t.Error(err)
		}
		return ok
	}, func(ok bool) bool { return ok }))
}
