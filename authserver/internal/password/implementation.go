// SPDX-License-Identifier: Apache-2.0

package password

import (
	"errors"
	"fmt"

	standardbcrypt "golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// Implementation is what computes bcrypt. Each makes hashes that the other can
// check, and waits in the same line.
type Implementation int

const (
	// Interleaved is package bcrypt: a core works on bcrypt.Lanes hashes at once,
	// in steps.
	Interleaved Implementation = iota
	// Standard is golang.org/x/crypto/bcrypt: a core works on one hash, from its
	// beginning to its end. A caller who gives up does not stop it.
	Standard

	implementations
)

// hasher takes the tasks in a worker's lanes further.
type hasher interface {
	// lanes is how many tasks step can take.
	lanes() int
	// step takes each task further by the same number of iterations, which it
	// returns. Those that are done then have their answers.
	step(tasks []*task) int
}

// hashers are a worker's own.
type hashers [implementations]hasher

func newHashers() hashers {
	return hashers{Interleaved: interleaved{bcrypt.NewBatch()}, Standard: standard{}}
}

type interleaved struct{ batch *bcrypt.Batch }

func (interleaved) lanes() int { return bcrypt.Lanes }

func (i interleaved) step(tasks []*task) int {
	for _, t := range tasks {
		if t.computation == nil {
			t.computation = i.batch.Start(t.password, t.hash.Salt, t.hash.Cost)
			clear(t.password)
		}
	}
	i.batch.Step()
	for _, t := range tasks {
		if t.computation.Done() {
			t.done = t.outcome(t.computation.Sum())
		}
	}
	return 1
}

// outcome is what sum tells whoever waits for t.
func (t *task) outcome(sum [bcrypt.SumSize]byte) answer {
	if t.check {
		return answer{right: t.hash.Matches(sum)}
	}
	t.hash.Sum = sum
	return answer{encoded: t.hash.String()}
}

type standard struct{}

func (standard) lanes() int { return 1 }

func (standard) step(tasks []*task) int {
	t := tasks[0]
	defer clear(t.password)
	if t.check {
		err := standardbcrypt.CompareHashAndPassword([]byte(t.hash.String()), t.password)
		t.done.right = err == nil
		if err != nil && !errors.Is(err, standardbcrypt.ErrMismatchedHashAndPassword) {
			t.done.err = fmt.Errorf("compare with hash: %w", err)
		}
		return t.iterations
	}
	encoded, err := standardbcrypt.GenerateFromPassword(t.password, t.hash.Cost)
	if err != nil {
		t.done.err = fmt.Errorf("generate hash: %w", err)
	}
	t.done.encoded = string(encoded)
	return t.iterations
}
