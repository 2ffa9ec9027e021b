// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"
)

// resealBatch bounds one answer of the Store.
const resealBatch = 100

// SealedValue is a value of the Store that was not sealed with the present key.
// What does not live long is not among them: messages, challenges and codes on
// their way are gone before an old key is.
type SealedValue struct {
	// Column is where it stands, a name that only the Store understands.
	Column         string
	Purpose, Owner string
	Sealed         []byte
}

// SealedValues is the part of the Store that helps to change keys.
type SealedValues interface {
	// SealedElsewise reads values that do not begin with primary, at most limit,
	// in an order that goes on behind after.
	SealedElsewise(ctx context.Context, primary []byte, after SealedValue, limit int) ([]SealedValue, error)
	// Reseal replaces a value, unless it has been changed meanwhile.
	Reseal(ctx context.Context, old SealedValue, sealed []byte) error
	// CountSealedElsewise is how many there are.
	CountSealedElsewise(ctx context.Context, primary []byte) (int, error)
}

// unknown is a count that the Store did not tell.
const unknown = -1

// Reseal seals again, with the present key, what was sealed with an older one,
// and says how many values are left, -1 when the Store does not answer. Any
// number may do so at once, and what changes meanwhile stays as it was changed.
// A value that cannot be opened is left alone; the error tells of one of them.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	primary := s.Sealer.Primary()
	failure := error(nil)
	for last := (SealedValue{}); ; {
		batch, err := s.Store.SealedElsewise(ctx, primary, last, resealBatch)
		if err != nil {
			return unknown, err
		}
		for _, v := range batch {
			if err := s.reseal(ctx, v); err != nil {
				failure = fmt.Errorf("seal %s again: %w", v.Column, err)
			}
		}
		if len(batch) < resealBatch {
			break
		}
		last = batch[len(batch)-1]
	}
	left, err := s.Store.CountSealedElsewise(ctx, primary)
	if err != nil {
		return unknown, err
	}
	return left, failure
}

func (s *Service) reseal(ctx context.Context, v SealedValue) error {
	value, err := s.Sealer.Open(v.Purpose, v.Owner, v.Sealed)
	if err != nil {
		return err
	}
	sealed, err := s.Sealer.Seal(v.Purpose, v.Owner, value)
	if err != nil {
		return err
	}
	return s.Store.Reseal(ctx, v, sealed)
}
