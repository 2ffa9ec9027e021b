// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The edit of one client reads its document anew, and leaves clients of the others where
// they are.
func TestAnEditReadsOneDocument(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var shards [realmconfig.ClientShards][]realmconfig.Client
	var ids []string
	for i := range 200 {
		c := named(fmt.Sprintf("shop.app-%d", i))
		n := realmconfig.ClientShard(c.ID)
		shards[n], ids = append(shards[n], c), append(ids, c.ID)
	}
	for n, clients := range shards {
		writeShard(t, dir, n, encodeClients(t, document(clients...)))
	}
	before := realmconfig.LoadClients(dir, nil)
	edited := realmconfig.ClientShard(ids[7])
	i := slices.IndexFunc(shards[edited], func(c realmconfig.Client) bool { return c.ID == ids[7] })
	shards[edited][i].DisplayName = "Changed"
	writeShard(t, dir, edited, encodeClients(t, document(shards[edited]...)))
	after := realmconfig.LoadClients(dir, before)
	if c, _ := after.Find(ids[7]); c.DisplayName != "Changed" {
		t.Errorf("the edit is not in force: %+v", c)
	}
	for _, id := range ids {
		was, _ := before.Find(id)
		is, found := after.Find(id)
		if anew := &was.GrantTypes[0] != &is.GrantTypes[0]; !found || anew != (realmconfig.ClientShard(id) == edited) {
			t.Errorf("%s is read anew: %t", id, anew)
		}
	}
}

func TestAServerSaysHowLongItsTokensAre(t *testing.T) {
	t.Parallel()
	const algorithm = realmconfig.EdDSA
	lasting := func(access, id time.Duration) *realmconfig.ClientSet {
		c := named("shop.web")
		c.AccessTokenLifetime, c.IDTokenLifetime, c.IDTokenSigningAlg = realmconfig.Duration(access), realmconfig.Duration(id), algorithm
		dir := t.TempDir()
		writeShard(t, dir, realmconfig.ClientShard(c.ID), encodeClients(t, document(c)))
		return realmconfig.LoadClients(dir, nil)
	}
	for name, c := range map[string]struct {
		clients *realmconfig.ClientSet
		// kept is how long the key set says that keys are kept for.
		kept, want time.Duration
		algorithms []realmconfig.Algorithm
	}{
		"without clients":                 {nil, 3 * time.Hour, time.Hour, nil},
		"clients of shorter tokens":       {lasting(time.Minute, 2*time.Minute), 3 * time.Hour, time.Hour, []realmconfig.Algorithm{algorithm}},
		"a client of longer ID tokens":    {lasting(time.Minute, 2*time.Hour), 3 * time.Hour, 2 * time.Hour, []realmconfig.Algorithm{algorithm}},
		"a client of longer tokens":       {lasting(2*time.Hour, time.Minute), 3 * time.Hour, 2 * time.Hour, []realmconfig.Algorithm{algorithm}},
		"tokens longer than keys":         {lasting(4*time.Hour, time.Minute), 3 * time.Hour, 3 * time.Hour, []realmconfig.Algorithm{algorithm}},
		"keys of which nothing was heard": {lasting(4*time.Hour, time.Minute), 0, time.Hour, []realmconfig.Algorithm{algorithm}},
	} {
		s := &realmconfig.Snapshot{
			Config: realmconfig.Config{Tokens: realmconfig.Tokens{AccessTokenLifetime: realmconfig.Duration(time.Hour)}},
			Keyset: realmconfig.Keyset{TokenLifetime: realmconfig.Promise{Longest: realmconfig.Duration(c.kept)}},
		}
		var r realmconfig.Report
		r.NoteTokens(s, c.clients)
		if time.Duration(r.LongestToken) != c.want || !slices.Equal(r.ClientAlgorithms, c.algorithms) {
			t.Errorf("%s: tokens last %s, and ID tokens are signed with %v", name, r.LongestToken, r.ClientAlgorithms)
		}
	}
}
