// SPDX-License-Identifier: Apache-2.0

package live

import (
	"log/slog"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// BenchmarkSnapshot is what every request pays for settings that may change: to
// read them, and to put new ones in force while others read.
func BenchmarkSnapshot(b *testing.B) {
	folder := realmfolder.New(b, "postgres://unused", "redis://unused")
	folder.Write(b)
	f, err := Open(folder.Dir, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if f.Snapshot().Config.Version == 0 {
					b.Error("read nothing")
				}
			}
		})
	})
	b.Run("swap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.current.Store(&state{certificate: f.current.Load().certificate, snapshot: f.Snapshot()})
		}
	})
	b.Run("reload", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.reload()
		}
	})
}
