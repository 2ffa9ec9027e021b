// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// at is some time after every document was written that pods may still mount.
var at = start.Add(rotation.FreshMount)

func document(revision string, revisions map[string]string) written {
	clients := map[string]told{}
	for id, revision := range revisions {
		clients[id] = told{revision: revision}
	}
	return written{revision: revision, at: start, clients: clients}
}

func running(n int, revision string) podstatus.Pod {
	return podstatus.Pod{Answered: true, Report: realmconfig.Report{ClientRevisions: map[int]string{n: revision}}}
}

func TestAClientIsKnownOnceEveryPodRunsADocumentThatHasIt(t *testing.T) {
	t.Parallel()
	const n = 3
	steps := []struct {
		name  string
		write *written
		pods  []podstatus.Pod
		now   time.Time
		// known are the clients that every pod knows as they are.
		a, b bool
	}{
		{name: "nobody runs the first", write: new(document("1", map[string]string{"a": "x"})), pods: []podstatus.Pod{running(n, ""), running(n, "")}, now: at},
		{name: "one pod does", pods: []podstatus.Pod{running(n, "1"), running(n, "")}, now: at},
		{name: "both do, too soon for one that is being started", pods: []podstatus.Pod{running(n, "1"), running(n, "1")}, now: start.Add(time.Second)},
		{name: "both do", pods: []podstatus.Pod{running(n, "1"), running(n, "1")}, now: at, a: true},
		{name: "another client comes", write: new(document("2", map[string]string{"a": "x", "b": "y"})), pods: []podstatus.Pod{running(n, "1"), running(n, "1")}, now: at, a: true},
		{name: "another change comes before it is known", write: new(document("3", map[string]string{"a": "x", "b": "y", "c": "z"})), pods: []podstatus.Pod{running(n, "2"), running(n, "1")}, now: at, a: true},
		{name: "pods are at different documents", pods: []podstatus.Pod{running(n, "2"), running(n, "3")}, now: at, a: true, b: true},
		{name: "the first one changes", write: new(document("4", map[string]string{"a": "xx", "b": "y", "c": "z"})), pods: []podstatus.Pod{running(n, "3"), running(n, "3")}, now: at, b: true},
		{name: "it is known", pods: []podstatus.Pod{running(n, "4"), running(n, "4")}, now: at, a: true, b: true},
		{name: "a pod comes that has not said anything", pods: []podstatus.Pod{running(n, "4"), {Ready: true}}, now: at, a: true, b: true},
		{name: "a change comes back", write: new(document("3", map[string]string{"a": "x", "b": "y", "c": "z"})), pods: []podstatus.Pod{running(n, "4")}, now: at, b: true},
		{name: "and is known", pods: []podstatus.Pod{running(n, "3")}, now: at, a: true, b: true},
	}
	s := &shard{}
	for _, step := range steps {
		if step.write != nil {
			s.write(*step.write)
		}
		s.hear(n, step.pods, step.now)
		if a, b := s.view("a").uptake.Everywhere, s.view("b").uptake.Everywhere; a != step.a || b != step.b {
			t.Fatalf("%s: a is known %t, want %t; b is known %t, want %t", step.name, a, step.a, b, step.b)
		}
	}
}

func TestWhichPodsCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pod   podstatus.Pod
		now   time.Time
		known bool
	}{
		"one that runs it":                          {running(0, "1"), at, true},
		"one that runs something else":              {running(0, "2"), at, false},
		"one that is silent":                        {podstatus.Pod{Running: true, Scheduled: true}, at, false},
		"one that is being started":                 {podstatus.Pod{Scheduled: true}, at, false},
		"one that is being started for long":        {podstatus.Pod{Scheduled: true}, start.Add(rotation.MountRefresh), true},
		"one that no node runs":                     {podstatus.Pod{}, at, true},
		"one that has run more documents than that": {running(0, "0"), at, false},
	} {
		s := &shard{}
		s.write(document("1", map[string]string{"a": "x"}))
		s.hear(0, []podstatus.Pod{running(0, "1"), c.pod}, c.now)
		if got := s.view("a").uptake.Everywhere; got != c.known {
			t.Errorf("%s: it is known %t", name, got)
		}
	}
	s := &shard{}
	s.write(document("1", map[string]string{"a": "x"}))
	if s.hear(0, nil, at); s.view("a").uptake.Everywhere {
		t.Error("without a pod, every pod knows it")
	}
}

func TestPodsTellOfUseAndOfWhatTheyRefuse(t *testing.T) {
	t.Parallel()
	s := &shard{}
	s.write(document("1", map[string]string{"a": "x", "b": "y"}))
	pod := running(0, "1")
	pod.Report.ClientProblems = map[string]string{"a": "scopes: too many", "z": "of another document"}
	pod.Report.ClientUse = []realmconfig.ClientUse{
		{Day: "2026-11-22", Clients: map[int]realmconfig.ClientBits{0: {2}}, OldSecrets: map[int]realmconfig.ClientBits{0: {2}}},
		{Day: "2026-11-21", Clients: map[int]realmconfig.ClientBits{0: {3}}},
	}
	s.hear(0, []podstatus.Pod{pod}, at)
	if v := s.view("a"); v.refused != "scopes: too many" || v.usedOn != "2026-11-21" || v.olderUsedOn != "" {
		t.Errorf("of a, %+v is known", v)
	}
	if v := s.view("b"); v.refused != "" || v.usedOn != "2026-11-22" || v.olderUsedOn != "2026-11-22" {
		t.Errorf("of b, %+v is known", v)
	}
	// With other secrets, nothing is known of the older one's use.
	s.write(document("2", map[string]string{"a": "x", "b": "yy"}))
	if v := s.view("b"); v.usedOn != "2026-11-22" || v.olderUsedOn != "" {
		t.Errorf("of b as it is now, %+v is known", v)
	}
}

func TestClientsAreToldWhatIsNewsToThem(t *testing.T) {
	t.Parallel()
	realm, b := types.NamespacedName{Namespace: "identity", Name: "staff"}, newBoard()
	id := "shop.web"
	n := realmconfig.ClientShard(id)
	if got, _ := b.take(realm, start); len(got) != realmconfig.ClientShards {
		t.Errorf("of a new realm, %v are looked at", got)
	}
	if got, next := b.take(realm, start); len(got) > 0 || !next.IsZero() {
		t.Errorf("%v are looked at again, and more at %s", got, next)
	}
	b.written(realm, n, document("1", map[string]string{id: "x"}))
	if b.untold(realm, id) {
		t.Error("who has not asked is told")
	}
	b.look(realm, id)
	b.written(realm, n, document("2", map[string]string{id: "xx"}))
	if b.untold(realm, id) {
		t.Error("who is on the way to the pods is told that it still is")
	}
	b.written(realm, n, document("1", map[string]string{id: "x"}))
	b.heard(realm, []podstatus.Pod{running(n, "1")}, at)
	if got := b.takeNews(realm); len(got) != 1 || got[0] != n || !b.untold(realm, id) {
		t.Errorf("there is news in %v", got)
	}
	if !b.look(realm, id).uptake.Everywhere || b.untold(realm, id) {
		t.Error("it is not told")
	}
	b.heard(realm, []podstatus.Pod{running(n, "1")}, at)
	if got := b.takeNews(realm); len(got) > 0 {
		t.Errorf("the same is news in %v", got)
	}
	b.failed(realm, n, conditions.NewFailure("Failed", "no"))
	if b.takeNews(realm); !b.untold(realm, id) || b.look(realm, id).message != "no" {
		t.Error("a failure is no news")
	}
	b.forget(realm)
	if got := b.look(realm, id); got != (view{}) {
		t.Errorf("of a realm that is gone, %+v is known", got)
	}
}

// A document of many clients waits for more of them before it is written again.
func TestADocumentOfManyClientsIsWrittenSeldom(t *testing.T) {
	t.Parallel()
	realm, b := types.NamespacedName{Namespace: "identity", Name: "staff"}, newBoard()
	b.take(realm, start)
	many := map[string]string{}
	for i := range 600 {
		many[fmt.Sprint("shop.", i)] = "x"
	}
	b.written(realm, 3, document("1", many))
	b.written(realm, 4, document("1", map[string]string{"shop.web": "x"}))
	b.mark(realm, 3)
	b.mark(realm, 4)
	if due, next := b.take(realm, start); !slices.Equal(due, []int{4}) || !next.Equal(start.Add(6*time.Second)) {
		t.Errorf("%v are looked at, and more at %s", due, next)
	}
	if due, next := b.take(realm, start.Add(6*time.Second)); !slices.Equal(due, []int{3}) || !next.IsZero() {
		t.Errorf("later, %v are looked at, and more at %s", due, next)
	}
}

func TestADocumentIsWrittenWhenAClientBegins(t *testing.T) {
	t.Parallel()
	realm, b := types.NamespacedName{Namespace: "identity", Name: "staff"}, newBoard()
	b.take(realm, start)
	id, begins := "shop.web", start.Add(time.Minute)
	n := realmconfig.ClientShard(id)
	d := document("1", nil)
	d.begin = map[string]time.Time{id: begins}
	b.written(realm, n, d)
	if got := b.begins(realm); !got.Equal(begins) || !b.look(realm, id).begins.Equal(begins) {
		t.Errorf("it begins at %s", got)
	}
	if due, _ := b.take(realm, begins.Add(-1)); len(due) > 0 {
		t.Errorf("%v are looked at before", due)
	}
	if due, _ := b.take(realm, begins); !slices.Equal(due, []int{n}) {
		t.Errorf("%v are looked at then", due)
	}
	if due, _ := b.take(realm, begins); len(due) > 0 || !b.begins(realm).IsZero() {
		t.Errorf("%v are looked at again", due)
	}
}

func TestPodsAreToldOfAnAlgorithmOnceTheySignWithIt(t *testing.T) {
	t.Parallel()
	const rs, es, ed = realmconfig.RS256, realmconfig.ES256, realmconfig.EdDSA
	for name, c := range map[string]struct {
		active        string
		propagated    bool
		asked, before realmconfig.Algorithm
		want          realmconfig.Algorithm
		wait          keyWait
	}{
		"what every pod signs with":                    {"RS256", true, rs, "", rs, keyWait{}},
		"a new client's that nothing signs":            {"RS256", true, es, "", es, keyWait{waits: true}},
		"another that nothing signs yet":               {"RS256", true, es, rs, rs, keyWait{true, rs}},
		"another that some pod does not sign":          {"ES256 RS256", false, es, rs, rs, keyWait{true, rs}},
		"another that every pod signs":                 {"ES256 RS256", true, es, rs, es, keyWait{}},
		"what was told already, while pods are behind": {"ES256 RS256", false, es, es, es, keyWait{}},
		"another than one that signs no more":          {"RS256", true, ed, es, ed, keyWait{waits: true}},
		"a realm of which nothing is known":            {"", false, rs, "", rs, keyWait{waits: true}},
	} {
		got, wait := signing{c.active, c.propagated}.choose(c.asked, c.before)
		if got != c.want || wait != c.wait {
			t.Errorf("%s: it is %s, %+v", name, got, wait)
		}
	}
}

// A client is known with the new algorithm once every pod was told of that.
func TestAnAlgorithmIsNotKnownByTheDocumentBefore(t *testing.T) {
	t.Parallel()
	s := &shard{}
	first, then := document("1", nil), document("2", nil)
	first.clients["a"] = told{revision: "x", key: keyWait{true, realmconfig.RS256}}
	then.clients["a"] = told{revision: "x"}
	s.write(first)
	s.hear(0, []podstatus.Pod{running(0, "1")}, at)
	if v := s.view("a"); !v.uptake.Everywhere || v.key.meanwhile != realmconfig.RS256 || !s.awaitsKey() {
		t.Errorf("before, %+v is known", v)
	}
	s.write(then)
	s.hear(0, []podstatus.Pod{running(0, "1")}, at)
	if v := s.view("a"); v.uptake.Everywhere || s.awaitsKey() {
		t.Errorf("on the way, %+v is known", v)
	}
	s.hear(0, []podstatus.Pod{running(0, "2")}, at)
	if v := s.view("a"); !v.uptake.Everywhere || v.key.waits {
		t.Errorf("then, %+v is known", v)
	}
}
