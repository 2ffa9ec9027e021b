// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestPushedRequestsDoNotFillRedis(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	c, clock := open(t, server.URL())
	c.patient(t, server.URL())
	keep := func(name string, sealed []byte, of realmconfig.ClientType) bool {
		return c.KeepPushed(t.Context(), name, sealed, of, time.Hour)
	}
	c.leaveOne(t, "pushed:"+string(realmconfig.PublicClient), Rate{Burst: mostPushed, Window: time.Minute})
	if !keep("last", []byte("sealed"), realmconfig.PublicClient) {
		t.Error("the last one that there is room for is not kept")
	}
	if keep("refused", []byte("sealed"), realmconfig.PublicClient) {
		t.Error("one more is kept than there is room for")
	}
	if !keep("shop", []byte("sealed"), realmconfig.ConfidentialClient) {
		t.Error("anybody leaves no room for those who show who they are")
	}
	if _, found := c.TakePushed(t.Context(), "refused"); found {
		t.Error("one is kept that was refused")
	}
	taken := race.Winners(50, func(int) string {
		sealed, _ := c.TakePushed(t.Context(), "shop")
		return string(sealed)
	}, func(sealed string) bool { return sealed == "sealed" })
	if len(taken) != 1 {
		t.Errorf("%d of 50 have taken it", len(taken))
	}
	clock.Add(int64(time.Minute))
	if !keep("later", []byte("sealed"), realmconfig.PublicClient) {
		t.Error("none is kept a minute later")
	}
	if keep("long", make([]byte, longestPushed+1), realmconfig.ConfidentialClient) {
		t.Error("one is kept that is longer than any")
	}
	server.Stop(t)
	if keep("away", []byte("sealed"), realmconfig.ConfidentialClient) {
		t.Error("one is kept while Redis is away")
	}
	if _, found := c.TakePushed(t.Context(), "later"); found {
		t.Error("one is found while Redis is away")
	}
}
