// SPDX-License-Identifier: Apache-2.0

package sealing

import (
	"context"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// resealBatch bounds one answer of the Store.
const resealBatch = 100

// Values is where sealed values stand.
type Values interface {
	// SealedWithOtherKeys reads values that do not begin with primary, at most
	// limit, in an order that goes on behind after.
	SealedWithOtherKeys(ctx context.Context, primary []byte, after auth.SealedValue, limit int) ([]auth.SealedValue, error)
	// Reseal replaces a value, unless it has been changed meanwhile.
	Reseal(ctx context.Context, old auth.SealedValue, sealed []byte) error
	// CountSealedWithOtherKeys is how many there are.
	CountSealedWithOtherKeys(ctx context.Context, primary []byte) (int, error)
}

// unknown is a count that nobody told.
const unknown = -1

// Reseal seals again, with the present key, what was sealed with an older one,
// and says how many values are left, -1 when the database does not answer. Any
// number may do so at once, and what changes meanwhile stays as it was changed.
// A value that cannot be opened is left alone; the error tells of one of them.
func (s *Sealer) Reseal(ctx context.Context, values Values) (int, error) {
	primary := s.Primary()
	var failure error
	for last := (auth.SealedValue{}); ; {
		batch, err := values.SealedWithOtherKeys(ctx, primary, last, resealBatch)
		if err != nil {
			return unknown, err
		}
		for _, v := range batch {
			if err := s.reseal(ctx, values, v); err != nil {
				failure = fmt.Errorf("seal %s again: %w", v.Column, err)
			}
		}
		if len(batch) < resealBatch {
			break
		}
		last = batch[len(batch)-1]
	}
	left, err := values.CountSealedWithOtherKeys(ctx, primary)
	if err != nil {
		return unknown, err
	}
	return left, failure
}

func (s *Sealer) reseal(ctx context.Context, values Values, v auth.SealedValue) error {
	value, err := s.Open(v.Purpose, v.Owner, v.Sealed)
	if err != nil {
		return err
	}
	sealed, err := s.Seal(v.Purpose, v.Owner, value)
	if err != nil {
		return err
	}
	return values.Reseal(ctx, v, sealed)
}
