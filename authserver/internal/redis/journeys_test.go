// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"strconv"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestJourneysDoNotFillRedis(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	c, clock := open(t, server.URL())
	c.patient(t, server.URL())
	kept := 0
	for i := range mostJourneys + 50 {
		if c.KeepJourney(t.Context(), strconv.Itoa(i), []byte("sealed"), time.Hour) {
			kept++
		}
	}
	if kept != mostJourneys {
		t.Errorf("%d journeys are kept", kept)
	}
	if _, found := c.Journey(t.Context(), strconv.Itoa(mostJourneys)); found {
		t.Error("one is kept that was refused")
	}
	if sealed, found := c.Journey(t.Context(), "0"); !found || string(sealed) != "sealed" {
		t.Errorf("the first is %q, %t", sealed, found)
	}
	clock.Add(int64(time.Hour))
	if !c.KeepJourney(t.Context(), "later", []byte("sealed"), time.Hour) {
		t.Error("none is kept an hour later")
	}
	if c.KeepJourney(t.Context(), "long", make([]byte, longestJourney+1), time.Hour) {
		t.Error("one is kept that is longer than any")
	}
	server.Stop(t)
	if c.KeepJourney(t.Context(), "away", []byte("sealed"), time.Hour) {
		t.Error("one is kept while Redis is away")
	}
}
