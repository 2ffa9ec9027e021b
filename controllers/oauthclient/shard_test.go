// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
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

func document(revision string, clients map[string]string) written {
	return written{revision: revision, at: start, revisions: clients}
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
	if got := b.take(realm); len(got) != realmconfig.ClientShards {
		t.Errorf("of a new realm, %v are looked at", got)
	}
	if got := b.take(realm); len(got) > 0 {
		t.Errorf("%v are looked at again", got)
	}
	b.written(realm, n, document("1", map[string]string{id: "x"}))
	if b.untold(realm, id) {
		t.Error("who has not asked is told")
	}
	b.look(realm, id)
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
