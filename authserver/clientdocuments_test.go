// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestClientsAreTakenUpLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	before := s.Report()
	if len(before.ClientRevisions) > 0 || len(before.ClientUse) > 0 {
		t.Errorf("a realm without clients reports %v", before)
	}
	shard := realmconfig.ClientShard("shop.web")
	inForce := func(c realmconfig.Client) {
		t.Helper()
		r.Clients = []realmconfig.Client{c}
		r.Update()
		data, err := realmconfig.EncodeClients(realmconfig.ClientDocument{Version: realmconfig.Version, Clients: r.Clients})
		if err != nil {
			t.Fatal(err)
		}
		s.eventually("the client is in force", func() bool {
			return s.Report().ClientRevisions[shard] == realmconfig.Revision(data)
		})
	}
	web := newClient("shop.web")
	inForce(web)
	s.eventually("every document is in force", func() bool { return len(s.Report().ClientRevisions) == realmconfig.ClientShards })
	if got := s.Report(); got.ConfigRevision != before.ConfigRevision {
		t.Errorf("report is %+v", got)
	}
	web.DisplayName = "Another name"
	inForce(web)
	good := s.Report().ClientRevisions[shard]

	r.Mount(map[string]any{realmconfig.ClientFile(shard): "{"})
	s.eventually("the problem is reported", func() bool { return s.Report().ClientDocumentProblems[shard] != "" })
	bad := s.Report()
	if bad.ClientRevisions[shard] != good || bad.Problem != "" {
		t.Errorf("with a bad document: %+v", bad)
	}
	s.login()

	web.RedirectURIs = nil
	inForce(web)
	if got := s.Report(); !strings.Contains(got.ClientProblems["shop.web"], "redirectURIs: ") || len(got.ClientDocumentProblems) > 0 {
		t.Errorf("with a bad client: %+v", got)
	}
	web = newClient("shop.web")
	inForce(web)
	if got := s.Report(); len(got.ClientProblems) > 0 {
		t.Errorf("with a good client again: %+v", got)
	}
}

func TestAServerStartsWithADocumentOfClientsThatIsBad(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clients = []realmconfig.Client{newClient("shop.web")}
	shard := realmconfig.ClientShard("shop.web")
	files := r.ClientFiles()
	files[realmconfig.ClientFile((shard+1)%realmconfig.ClientShards)] = "{"
	r.Mount(files)
	s := r.serve()
	got := s.Report()
	if len(got.ClientRevisions) != realmconfig.ClientShards-1 || got.ClientRevisions[shard] == "" || len(got.ClientDocumentProblems) != 1 {
		t.Errorf("report is %+v", got)
	}
	s.login()
}
