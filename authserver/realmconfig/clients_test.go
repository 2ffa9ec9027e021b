// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func named(id string) realmconfig.Client {
	c := goodClient()
	c.ID = id
	return c
}

func document(clients ...realmconfig.Client) realmconfig.ClientDocument {
	return realmconfig.ClientDocument{Version: realmconfig.Version, Clients: clients}
}

func encodeClients(t testing.TB, d realmconfig.ClientDocument) []byte {
	t.Helper()
	data, err := realmconfig.EncodeClients(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeShard(t testing.TB, dir string, n int, data []byte) {
	t.Helper()
	path := filepath.Join(dir, realmconfig.ClientFile(n))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func reportOf(s *realmconfig.ClientSet) realmconfig.Report {
	r := realmconfig.Report{}
	s.ReportTo(&r)
	return r
}

// neighbours are ids of the shard that id is in.
func neighbours(id string, n int) []string {
	list := []string{id}
	for i := 0; len(list) < n; i++ {
		if next := fmt.Sprintf("shop.web-%d", i); realmconfig.ClientShard(next) == realmconfig.ClientShard(id) && next != id {
			list = append(list, next)
		}
	}
	return list
}

// A client that moved to another shard would be in none or in two for a while.
func TestClientsStayInTheirShards(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]int{"shop.web": 1, "monitoring.grafana": 13, "a.b": 12} {
		if got := realmconfig.ClientShard(id); got != want {
			t.Errorf("%s is in shard %d, and was in %d", id, got, want)
		}
	}
}

func TestTenThousandClientsFit(t *testing.T) {
	t.Parallel()
	shards := map[int][]realmconfig.Client{}
	for i := range 10_000 {
		c := named(fmt.Sprintf("team-%d.application-%d", i%100, i))
		c.PostLogoutRedirectURIs, c.BackchannelLogoutURI = c.RedirectURIs, "https://shop.example.com/logout"
		c.RedirectURIs = append(c.RedirectURIs, "http://localhost:8080/callback")
		c.Secrets = append(c.Secrets, realmconfig.ClientSecret{ID: "two", SHA256: realmconfig.DigestSecret("x")})
		shards[realmconfig.ClientShard(c.ID)] = append(shards[realmconfig.ClientShard(c.ID)], c)
	}
	dir := t.TempDir()
	for n, clients := range shards {
		writeShard(t, dir, n, encodeClients(t, document(clients...)))
	}
	s := realmconfig.LoadClients(dir, nil)
	if r := reportOf(s); s.Len() != 10_000 || len(r.ClientRevisions) != realmconfig.ClientShards || len(r.ClientProblems)+len(r.ClientDocumentProblems) > 0 {
		t.Errorf("%d clients in %d documents: %v %v", s.Len(), len(r.ClientRevisions), r.ClientProblems, r.ClientDocumentProblems)
	}
	if again := realmconfig.LoadClients(dir, s); again != s {
		t.Error("what has not changed was read anew")
	}
}

func TestMoreThanAConfigMapHoldsIsAnError(t *testing.T) {
	t.Parallel()
	big := goodClient()
	big.RedirectURIs = []string{"https://shop.example.com/" + strings.Repeat("x", 1900)}
	_, err := realmconfig.EncodeClients(document(slices.Repeat([]realmconfig.Client{big}, 500)...))
	expectProblem(t, err, "do not fit into 1000000")
}

func TestTheSameClientsAreTheSameDocument(t *testing.T) {
	t.Parallel()
	ids := neighbours("shop.web", 3)
	a, b, c := named(ids[0]), named(ids[1]), named(ids[2])
	b.JWKS, b.TokenEndpointAuthMethod, b.Secrets = []byte("\n"+goodJWKS+" "), realmconfig.PrivateKeyJWT, nil
	d := document(a, b, c)
	d.Ended = []realmconfig.EndedClient{{ID: ids[1], At: clientSince}, {ID: ids[0], At: clientSince}}
	data := encodeClients(t, d)
	slices.Reverse(d.Clients)
	slices.Reverse(d.Ended)
	if other := encodeClients(t, d); !bytes.Equal(data, other) {
		t.Errorf("one is %s\nthe other %s", data, other)
	}
	if bytes.Contains(data, []byte("hunter2")) {
		t.Errorf("a secret stands in %s", data)
	}
	if lines := bytes.Count(data, []byte("\n")); lines != 6 {
		t.Errorf("%d lines: %s", lines, data)
	}
}

func TestEndedClients(t *testing.T) {
	t.Parallel()
	shard, later := realmconfig.ClientShard("shop.web"), clientSince.Add(time.Hour)
	for name, c := range map[string]struct {
		since, ended time.Time
		inForce      bool
		grantsSince  time.Time
	}{
		"that never ended":            {clientSince, time.Time{}, true, clientSince},
		"that has ended":              {clientSince, later, false, later},
		"that was made again":         {later, clientSince, true, later},
		"that was made again at once": {clientSince, clientSince, true, clientSince},
		"that is in no document":      {time.Time{}, later, false, later},
		"nobody knows":                {time.Time{}, time.Time{}, false, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document()
			if !c.since.IsZero() {
				client := named("shop.web")
				client.Since = c.since
				d.Clients = append(d.Clients, client)
			}
			if !c.ended.IsZero() {
				d.Ended = []realmconfig.EndedClient{{ID: "shop.web", At: c.ended}, {ID: "shop.web", At: c.ended.Add(-time.Hour)}}
			}
			dir := t.TempDir()
			writeShard(t, dir, shard, encodeClients(t, d))
			s := realmconfig.LoadClients(dir, nil)
			if _, found := s.Find("shop.web"); found != c.inForce || !s.GrantsSince("shop.web").Equal(c.grantsSince) {
				t.Errorf("found %t, grants since %s", found, s.GrantsSince("shop.web"))
			}
			for _, at := range s.Ended() {
				if !at.Equal(c.ended) {
					t.Errorf("ended at %s", at)
				}
			}
		})
	}
}

func TestAReportOfManyBadClientsIsSmall(t *testing.T) {
	t.Parallel()
	dir, shard := t.TempDir(), realmconfig.ClientShard("shop.web")
	d := document()
	for _, id := range neighbours("shop.web", realmconfig.MaxClientProblems+1) {
		c := named(id)
		c.DisplayName = ""
		d.Clients = append(d.Clients, c)
	}
	writeShard(t, dir, shard, encodeClients(t, d))
	r := reportOf(realmconfig.LoadClients(dir, nil))
	if len(r.ClientProblems) != realmconfig.MaxClientProblems || r.ClientDocumentProblems[shard] != "has more bad clients than are named" {
		t.Errorf("%d problems, %v", len(r.ClientProblems), r.ClientDocumentProblems)
	}
}

func TestUseIsToldAsBits(t *testing.T) {
	t.Parallel()
	dir, shard := t.TempDir(), realmconfig.ClientShard("shop.web")
	ids := neighbours("shop.web", 20)
	d := document()
	for _, id := range ids {
		c := named(id)
		c.Secrets = append(c.Secrets, realmconfig.ClientSecret{ID: "old", SHA256: realmconfig.DigestSecret("x")})
		d.Clients = append(d.Clients, c)
	}
	d.Clients[3].DisplayName = "" // refused, and counted nevertheless
	data := encodeClients(t, d)
	writeShard(t, dir, shard, data)
	s := realmconfig.LoadClients(dir, nil)
	usedOn := func(day string, client, secret string) realmconfig.ClientUse {
		return s.Use(day, func(id string) bool { return id == client }, func(id, secretID string) bool { return id == secret && secretID == "old" })
	}
	r := reportOf(s)
	r.ClientUse = []realmconfig.ClientUse{usedOn("2026-11-30", ids[0], ids[17]), usedOn("2026-11-29", ids[9], ids[17]), usedOn("2026-11-28", ids[0], "")}
	if bits := r.ClientUse[0].Clients; len(bits) != 1 || len(bits[shard]) > 3 {
		t.Errorf("told as %v", bits)
	}
	clients, oldSecrets := r.ClientsLastUsed(d, shard, realmconfig.Revision(data))
	if want := map[string]string{ids[0]: "2026-11-30", ids[9]: "2026-11-29"}; !maps.Equal(clients, want) {
		t.Errorf("clients were used on %v, want %v", clients, want)
	}
	if want := map[string]string{ids[17]: "2026-11-30"}; !maps.Equal(oldSecrets, want) {
		t.Errorf("old secrets were used on %v, want %v", oldSecrets, want)
	}
	if clients, oldSecrets := r.ClientsLastUsed(d, shard, "another"); len(clients)+len(oldSecrets) > 0 {
		t.Errorf("of a document that is not in force: %v, %v", clients, oldSecrets)
	}
}

func TestNoClientsAreASet(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*realmconfig.ClientSet{"nil": nil, "an empty folder": realmconfig.LoadClients(t.TempDir(), nil)} {
		if _, found := s.Find("shop.web"); found || s.Len() != 0 || !s.GrantsSince("shop.web").IsZero() || len(reportOf(s).ClientRevisions) > 0 {
			t.Errorf("%s: has clients", name)
		}
		for range s.All() {
			t.Errorf("%s: has clients", name)
		}
		for range s.Ended() {
			t.Errorf("%s: has ended clients", name)
		}
	}
}
