// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestBadClientsHurtNobody(t *testing.T) {
	t.Parallel()
	ids := neighbours("shop.web", 3)
	shard := realmconfig.ClientShard("shop.web")
	foreign := ""
	for i := 0; foreign == ""; i++ {
		if id := fmt.Sprintf("a.b-%d", i); realmconfig.ClientShard(id) != shard {
			foreign = id
		}
	}
	good := strings.TrimSpace(string(encodeClients(t, document(named(ids[1]), named(ids[2])))))
	with := func(bad string) string { return strings.Replace(good, "[", "[\n"+bad+",", 1) }
	client := func(c realmconfig.Client) string {
		line, _, _ := strings.Cut(strings.SplitN(string(encodeClients(t, document(c))), "\n", 2)[1], "\n")
		return strings.TrimSuffix(line, "]}")
	}
	short := named("shop.web")
	short.AccessTokenLifetime = 0
	unnamed := realmconfig.ClientFile(shard) + ": clients[0]"
	for name, c := range map[string]struct{ document, id, problem string }{
		"out of bounds":                          {with(client(short)), "shop.web", "accessTokenLifetime: must be"},
		"an unknown field":                       {with(`{"id": "shop.web", "colour": "blue"}`), "shop.web", "colour"},
		"a wrong type":                           {with(`{"id": "shop.web", "scopes": "openid"}`), "shop.web", "scopes: must be a"},
		"a wrong type first":                     {with(`{"scopes": "openid", "id": "shop.web"}`), "shop.web", "scopes: must be a"},
		"not an object":                          {with(`"hunter2"`), unnamed, "must be a"},
		"no id":                                  {with(`{}`), unnamed, "id: must be"},
		"an id of megabytes":                     {with(`{"id": "` + strings.Repeat("a", 500_000) + `"}`), unnamed, "id: must be"},
		"a field of megabytes, which is cut off": {with(`{"id": "shop.web", "` + strings.Repeat("a", 500_000) + `": 1}`), "shop.web", "aaa…"},
		"null":                                   {with(`null`), unnamed, "id: must be"},
		"a client twice":                         {with(client(named(ids[1]))), ids[1], "id: stands twice"},
		"of another shard":                       {with(client(named(foreign))), foreign, "id: belongs into shard"},
		"a digest that is none":                  {with(strings.Replace(client(named("shop.web")), digestOf("hunter2"), "hunter2", 1)), "shop.web", "a digest must be 64 hex digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeShard(t, dir, shard, []byte(c.document))
			s := realmconfig.LoadClients(dir, nil)
			r := reportOf(s)
			for _, id := range ids[1:] {
				if _, found := s.Find(id); !found {
					t.Errorf("%s is gone", id)
				}
			}
			if s.Len() != 2 || len(r.ClientProblems) != 1 || r.ClientRevisions[shard] != realmconfig.Revision([]byte(c.document)) {
				t.Errorf("%d clients, %v", s.Len(), r)
			}
			problem := r.ClientProblems[c.id]
			if !strings.Contains(problem, c.problem) || len(problem) > 310 || strings.Contains(problem, "hunter2") {
				t.Errorf("the problems are %v, want that of %s to be %q", r.ClientProblems, c.id, c.problem)
			}
		})
	}
}

func digestOf(secret string) string {
	d, _ := realmconfig.DigestSecret(secret).MarshalText()
	return string(d)
}

// Absence and invalidity of a document, and of a client in it, end nothing.
func TestTheLastGoodClientsStay(t *testing.T) {
	t.Parallel()
	ids := neighbours("shop.web", 2)
	shard := realmconfig.ClientShard("shop.web")
	good := encodeClients(t, document(named(ids[0]), named(ids[1])))
	bad := strings.Replace(string(good), `"displayName":"Shop"`, `"displayName":""`, 1)
	for name, c := range map[string]struct {
		change       func(t *testing.T, dir string)
		document, id string // where a problem is told, if any
	}{
		"the file is gone":   {func(t *testing.T, dir string) { remove(t, filepath.Join(dir, realmconfig.ClientFile(shard))) }, "", ""},
		"the folder is gone": {func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "clients")) }, "", ""},
		"the file is a folder": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, realmconfig.ClientFile(shard)))
			if err := os.Mkdir(filepath.Join(dir, realmconfig.ClientFile(shard)), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "cannot be read", ""},
		"the file is too large": {func(t *testing.T, dir string) {
			writeShard(t, dir, shard, make([]byte, realmconfig.MaxClientDocument+1))
		}, "larger than 1000000 bytes", ""},
		"not JSON":          {func(t *testing.T, dir string) { writeShard(t, dir, shard, []byte("hunter2")) }, "is not JSON at byte 1", ""},
		"half of it":        {func(t *testing.T, dir string) { writeShard(t, dir, shard, good[:len(good)/2]) }, "is not complete", ""},
		"nothing in it":     {func(t *testing.T, dir string) { writeShard(t, dir, shard, nil) }, "is not complete", ""},
		"a foreign version": {func(t *testing.T, dir string) { writeShard(t, dir, shard, []byte(`{"version": 2}`)) }, "version: is 2", ""},
		"an unknown field":  {func(t *testing.T, dir string) { writeShard(t, dir, shard, []byte(`{"version": 1, "colour": 1}`)) }, "colour", ""},
		"an end of nobody": {func(t *testing.T, dir string) {
			writeShard(t, dir, shard, []byte(`{"version": 1, "ended": [{"id": "x"}]}`))
		}, "ended[0].id", ""},
		"one bad client": {func(t *testing.T, dir string) { writeShard(t, dir, shard, []byte(bad)) }, "", ids[0]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeShard(t, dir, shard, good)
			first := realmconfig.LoadClients(dir, nil)
			c.change(t, dir)
			s := realmconfig.LoadClients(dir, first)
			for _, id := range ids {
				if client, found := s.Find(id); !found || client.DisplayName != "Shop" {
					t.Errorf("%s is %+v, %t", id, client, found)
				}
			}
			r := reportOf(s)
			if got := r.ClientDocumentProblems[shard]; (got == "") != (c.document == "") || !strings.Contains(got, c.document) || strings.Contains(got, dir) {
				t.Errorf("the document's problem is %q, want %q", got, c.document)
			}
			if _, told := r.ClientProblems[c.id]; told != (c.id != "") {
				t.Errorf("the problems are %v", r.ClientProblems)
			}
			if c.id == "" && r.ClientRevisions[shard] != realmconfig.Revision(good) {
				t.Errorf("in force is said to be %s", r.ClientRevisions[shard])
			}
			if again := realmconfig.LoadClients(dir, s); again != s {
				t.Error("the same was read anew")
			}
			remove(t, filepath.Join(dir, realmconfig.ClientFile(shard)))
			writeShard(t, dir, shard, encodeClients(t, document(named(ids[0]))))
			if after := realmconfig.LoadClients(dir, s); after.Len() != 1 || len(reportOf(after).ClientDocumentProblems) > 0 {
				t.Errorf("a good document afterwards has %d clients in force, %v", after.Len(), reportOf(after))
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func TestAPodThatStartsServesTheShardsThatItCanRead(t *testing.T) {
	t.Parallel()
	dir, shard := t.TempDir(), realmconfig.ClientShard("shop.web")
	other := (shard + 1) % realmconfig.ClientShards
	writeShard(t, dir, shard, encodeClients(t, document(named("shop.web"))))
	writeShard(t, dir, other, []byte("{"))
	s := realmconfig.LoadClients(dir, nil)
	r := reportOf(s)
	if _, found := s.Find("shop.web"); !found || len(r.ClientRevisions) != 1 || r.ClientDocumentProblems[other] == "" {
		t.Errorf("found %t, report %+v", found, r)
	}
}

// A client whose new document is refused is kept as it was, but not beyond its end.
func TestATombstoneEndsAClientThatIsRefused(t *testing.T) {
	t.Parallel()
	dir, shard := t.TempDir(), realmconfig.ClientShard("shop.web")
	writeShard(t, dir, shard, encodeClients(t, document(named("shop.web"))))
	first := realmconfig.LoadClients(dir, nil)
	writeShard(t, dir, shard, []byte(`{"version": 1, "clients": [{"id": "shop.web"}], "ended": [{"id": "shop.web", "at": "2027-01-01T00:00:00Z"}]}`))
	if _, found := realmconfig.LoadClients(dir, first).Find("shop.web"); found {
		t.Error("it is in force")
	}
}

func FuzzLoadClients(f *testing.F) {
	f.Add(encodeClients(f, document(named("shop.web"))))
	f.Add([]byte(`{"version": 1, "clients": [null, {}, {"id": "shop.web", "jwks": {"keys": [{"crv": {}}]}}], "ended": [{"id": "a.b", "at": "2026-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"version": 1} {}`))
	dir, shard := f.TempDir(), realmconfig.ClientShard("shop.web")
	f.Fuzz(func(t *testing.T, data []byte) {
		writeShard(t, dir, shard, data)
		s := realmconfig.LoadClients(dir, nil)
		d := document()
		for c := range s.All() {
			if err := c.Validate(); err != nil {
				t.Errorf("in force is %+v: %v", c, err)
			}
			d.Clients = append(d.Clients, c)
		}
		// Whatever is accepted survives being written and read again.
		writeShard(t, dir, shard, encodeClients(t, d))
		again := realmconfig.LoadClients(dir, nil)
		if again.Len() != s.Len() {
			t.Errorf("%d clients are read again as %d", s.Len(), again.Len())
		}
		e := document()
		for c := range again.All() {
			e.Clients = append(e.Clients, c)
		}
		if !bytes.Equal(encodeClients(t, d), encodeClients(t, e)) {
			t.Errorf("%s is read again as %s", encodeClients(t, d), encodeClients(t, e))
		}
	})
}

func BenchmarkLoadClients(b *testing.B) {
	shards := map[int][]realmconfig.Client{}
	for i := range 10_000 {
		c := named(fmt.Sprintf("team-%d.application-%d", i%100, i))
		shards[realmconfig.ClientShard(c.ID)] = append(shards[realmconfig.ClientShard(c.ID)], c)
	}
	dir := b.TempDir()
	for n, clients := range shards {
		writeShard(b, dir, n, encodeClients(b, document(clients...)))
	}
	all := realmconfig.LoadClients(dir, nil)
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			realmconfig.LoadClients(dir, nil)
		}
	})
	b.Run("one changed", func(b *testing.B) {
		b.ReportAllocs()
		n := realmconfig.ClientShard("team-0.application-0")
		shards[n][0].DisplayName = "Changed"
		writeShard(b, dir, n, encodeClients(b, document(shards[n]...)))
		for b.Loop() {
			realmconfig.LoadClients(dir, all)
		}
	})
	b.Run("nothing changed", func(b *testing.B) {
		last := realmconfig.LoadClients(dir, all)
		for b.Loop() {
			realmconfig.LoadClients(dir, last)
		}
	})
	b.Run("look up", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, found := all.Find("team-0.application-0"); !found {
				b.Fatal("a client is not found")
			}
		}
	})
}
