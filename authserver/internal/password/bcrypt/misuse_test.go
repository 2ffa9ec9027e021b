// SPDX-License-Identifier: Apache-2.0

package bcrypt_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// A sum of nothing would be a hash that is the same for every password.
func TestWhatWouldGiveAWrongHashPanics(t *testing.T) {
	t.Parallel()
	start := func(b *bcrypt.Batch) *bcrypt.Computation {
		return b.Start([]byte("secret"), [bcrypt.SaltSize]byte{}, bcrypt.MinCost)
	}
	cases := map[string]func(*bcrypt.Batch){
		"a cost below the least":      func(b *bcrypt.Batch) { b.Start(nil, [bcrypt.SaltSize]byte{}, bcrypt.MinCost-1) },
		"a cost above the most":       func(b *bcrypt.Batch) { b.Start(nil, [bcrypt.SaltSize]byte{}, bcrypt.MaxCost+1) },
		"a cost of no iterations":     func(b *bcrypt.Batch) { b.Start(nil, [bcrypt.SaltSize]byte{}, 64) },
		"a batch that was never made": func(*bcrypt.Batch) { start(new(bcrypt.Batch)) },
		"more than the lanes": func(b *bcrypt.Batch) {
			for range bcrypt.Lanes + 1 {
				start(b)
			}
		},
		"a sum before it is done": func(b *bcrypt.Batch) {
			c := start(b)
			b.Step()
			c.Sum()
		},
		"a sum for the second time": func(b *bcrypt.Batch) {
			c := start(b)
			for !c.Done() {
				b.Step()
			}
			c.Sum()
			c.Sum()
		},
		"a sum after it was wiped": func(b *bcrypt.Batch) {
			c := start(b)
			c.Wipe()
			c.Sum()
		},
	}
	for name, misuse := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("nothing happened")
				}
			}()
			misuse(bcrypt.NewBatch())
		})
	}
}
