// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestJourneysDoNotFillRedis(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	c, clock := open(t, server.URL())
	c.patient(t, server.URL())
	c.leaveOne(t, "journeys", Rate{Burst: mostJourneys, Window: time.Hour})
	if !c.KeepJourney(t.Context(), "last", []byte("sealed"), time.Hour) {
		t.Error("the last one that there is room for is not kept")
	}
	if c.KeepJourney(t.Context(), "refused", []byte("sealed"), time.Hour) {
		t.Error("one more is kept than there is room for")
	}
	if _, found := c.Journey(t.Context(), "refused"); found {
		t.Error("one is kept that was refused")
	}
	if sealed, found := c.Journey(t.Context(), "last"); !found || string(sealed) != "sealed" {
		t.Errorf("the last is %q, %t", sealed, found)
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
