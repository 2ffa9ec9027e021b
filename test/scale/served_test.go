// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// documents are what pods read of the realm's clients, by shard.
func (w *world) documents() [][]byte {
	w.t.Helper()
	var all [][]byte
	for n := range realmconfig.ClientShards {
		m := &corev1.ConfigMap{}
		name := client.ObjectKey{Namespace: namespaceOf(0), Name: fmt.Sprintf("%s-clients-%d-v1", realmName(0), n)}
		if err := w.k8s.Get(w.t.Context(), name, m); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, []byte(m.Data[filepath.Base(realmconfig.ClientFile(n))]))
	}
	return all
}

// served is what an auth server takes for all clients of a realm.
type served struct {
	load, again, reload time.Duration
	memory              int64 // in bytes
	lookups             float64
}

// serve reads documents as an auth server does.
func serve(t *testing.T, documents [][]byte, clients int) served {
	t.Helper()
	dir := t.TempDir()
	put := func(n int, document []byte) {
		name := filepath.Join(dir, realmconfig.ClientFile(n))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n, document := range documents {
		put(n, document)
	}
	timed := func(last *realmconfig.ClientSet) (*realmconfig.ClientSet, time.Duration) {
		begin := time.Now()
		set := realmconfig.LoadClients(dir, last)
		return set, time.Since(begin)
	}
	var s served
	before := heap()
	set, took := timed(nil)
	s.load, s.memory = took, heap()-before
	if set.Len() != clients {
		t.Errorf("an auth server knows %d clients, want %d", set.Len(), clients)
	}
	again, took := timed(set)
	if s.again = took; again != set {
		t.Error("documents that are the same are other clients")
	}
	put(3, bytes.Replace(documents[3], []byte(`"displayName":"Application`), []byte(`"displayName":"Programme`), 1))
	edited, took := timed(set)
	if s.reload = took; edited == set || edited.Len() != clients {
		t.Errorf("after an edit there are %d clients", edited.Len())
	}
	found := testing.Benchmark(func(b *testing.B) {
		i := 0
		for b.Loop() {
			if _, known := set.Find(namespaceOf(0) + "." + clientName(i%clients)); !known {
				b.Fatal("a client is not found")
			}
			i++
		}
	})
	s.lookups = float64(found.N) / found.T.Seconds()
	return s
}

// heap is what is in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
