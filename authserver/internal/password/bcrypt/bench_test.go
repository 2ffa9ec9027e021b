// SPDX-License-Identifier: Apache-2.0

package bcrypt_test

import (
	"math"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	reference "golang.org/x/crypto/bcrypt"
)

// benchmarkCost makes hashes of a few milliseconds, so that on a busy machine some
// are disturbed by nobody. A hash of cost 12 has 64 times as many iterations.
const benchmarkCost = 6

// BenchmarkLanes takes turns with the reference, so that both have seen the same
// machine: ×x/crypto is how many hashes a core makes in the time in which the
// reference makes one. Each counts by its fastest run, which was disturbed least.
func BenchmarkLanes(b *testing.B) {
	encoded, err := reference.GenerateFromPassword([]byte("right"), benchmarkCost)
	if err != nil {
		b.Fatal(err)
	}
	for i, name := range []string{"one", "two", "three", "four"} {
		n := i + 1
		b.Run(name, func(b *testing.B) {
			ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			batch := bcrypt.NewBatch()
			for b.Loop() {
				ours = min(ours, timed(func() { hashTogether(batch, n) }))
				b.StopTimer()
				theirs = min(theirs, timed(func() { _ = reference.CompareHashAndPassword(encoded, []byte("wrong")) }))
				b.StartTimer()
			}
			b.ReportMetric(float64(n)/ours.Seconds(), "hashes/s")
			b.ReportMetric(float64(n)*theirs.Seconds()/ours.Seconds(), "×x/crypto")
		})
	}
}

func timed(work func()) time.Duration {
	started := time.Now()
	work()
	return time.Since(started)
}

// hashTogether makes n hashes at once.
func hashTogether(batch *bcrypt.Batch, n int) {
	var lanes [bcrypt.Lanes]*bcrypt.Computation
	for i := range n {
		lanes[i] = batch.Start([]byte("wrong"), [bcrypt.SaltSize]byte{byte(i)}, benchmarkCost)
	}
	for !lanes[0].Done() {
		batch.Step()
	}
	for _, c := range lanes[:n] {
		c.Wipe()
	}
}
