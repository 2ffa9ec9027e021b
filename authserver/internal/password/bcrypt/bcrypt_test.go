// SPDX-License-Identifier: Apache-2.0

package bcrypt_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	reference "golang.org/x/crypto/bcrypt"
)

// hash runs a computation from start to end, beside others that take longer.
func hash(password []byte, salt [bcrypt.SaltSize]byte, cost, others int) [bcrypt.SumSize]byte {
	batch := bcrypt.NewBatch()
	for i := range others {
		batch.Start([]byte{byte(i)}, salt, cost+1)
	}
	c := batch.Start(password, salt, cost)
	for !c.Done() {
		batch.Step()
	}
	return c.Sum()
}

// TestPublishedVectors holds hashes that jBCrypt and OpenBSD's own tests publish.
func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	cases := []struct{ password, hash string }{
		{"a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"},
		{"abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
		{"abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"},
	}
	for _, c := range cases {
		h, err := bcrypt.Parse(c.hash)
		if err != nil {
			t.Errorf("%q: %v", c.hash, err)
			continue
		}
		if hash([]byte(c.password), h.Salt, h.Cost, 0) != h.Sum {
			t.Errorf("%q does not hash to %s", c.password, c.hash)
		}
	}
}

// TestAnyMixOfLanesGivesTheReferencesHashes joins computations of random costs
// at random moments, drops some halfway, and asks the reference about the rest.
func TestAnyMixOfLanesGivesTheReferencesHashes(t *testing.T) {
	t.Parallel()
	batch := bcrypt.NewBatch()
	random := rand.New(rand.NewPCG(1, 2))
	type entry struct {
		*bcrypt.Computation
		password []byte
		hash     bcrypt.Hash
	}
	var active []entry
	for finished := 0; finished < 60; {
		for len(active) < bcrypt.Lanes && random.IntN(3) > 0 {
			e := entry{hash: bcrypt.Hash{Minor: "aby"[random.IntN(3)], Cost: 4 + random.IntN(3)}}
			e.password = make([]byte, random.IntN(bcrypt.MaxPassword+1))
			for i := range e.password {
				e.password[i] = byte(random.Uint32())
			}
			for i := range e.hash.Salt {
				e.hash.Salt[i] = byte(random.Uint32())
			}
			e.Computation = batch.Start(e.password, e.hash.Salt, e.hash.Cost)
			active = append(active, e)
		}
		batch.Step()
		still := active[:0]
		for _, e := range active {
			switch {
			case e.Done():
				finished++
				e.hash.Sum = e.Sum()
				if err := reference.CompareHashAndPassword([]byte(e.hash.String()), e.password); err != nil {
					t.Fatalf("%q, %s: %v", e.password, e.hash, err)
				}
			case random.IntN(200) == 0:
				e.Wipe()
			default:
				still = append(still, e)
			}
		}
		active = still
	}
}

func FuzzSumEqualsTheReference(f *testing.F) {
	f.Add([]byte("password"), []byte("0123456789abcdef"), byte(0))
	f.Add([]byte("\x00"), []byte(""), byte(1))
	f.Add(bytes.Repeat([]byte("ÿ"), 36), bytes.Repeat([]byte{255}, 16), byte(3))
	f.Fuzz(func(t *testing.T, password, salt []byte, others byte) {
		password = password[:min(len(password), bcrypt.MaxPassword)]
		h := bcrypt.Hash{Minor: 'b', Cost: bcrypt.MinCost}
		copy(h.Salt[:], salt)
		h.Sum = hash(password, h.Salt, h.Cost, int(others)%bcrypt.Lanes)
		if err := reference.CompareHashAndPassword([]byte(h.String()), password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkY8jIucDrjc8deX1s.")
	f.Add("$2b$31$......................123456789012345678901234567890.")
	f.Fuzz(func(t *testing.T, encoded string) {
		h, err := bcrypt.Parse(encoded)
		if err == nil && h.String() != encoded {
			t.Errorf("%q reads as %q", encoded, h)
		}
	})
}
