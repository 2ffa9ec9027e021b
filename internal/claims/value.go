// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

const (
	// maxValue bounds a claim, and maxSaid all claims of a set, in bytes of JSON: tokens go
	// into headers and cookies, of which many programs take eight kilobytes in all.
	maxValue = 2048
	maxSaid  = 4096
)

// encode is a value as JSON, nil for nothing. The error is errTooLarge, or says what is none
// of JSON's.
func encode(value ref.Val) (json.RawMessage, error) {
	if parts(value, maxParts+1) > maxParts {
		return nil, fmt.Errorf("it has more than %d parts: %w", maxParts, errTooLarge)
	}
	plain, err := plainOf(value)
	if err != nil || plain == nil {
		return nil, err
	}
	encoded, err := json.Marshal(plain)
	switch {
	case err != nil:
		return nil, errors.New("it is no value of JSON") // a number that is none
	case len(encoded) > maxValue:
		return nil, fmt.Errorf("it is longer than %d bytes: %w", maxValue, errTooLarge)
	}
	return encoded, nil
}

// plainOf is a value of at most maxParts as encoding/json knows it.
func plainOf(value ref.Val) (any, error) {
	switch v := value.(type) {
	case types.Null:
		return nil, nil //nolint:nilnil // nil is null
	case types.String, types.Bool, types.Int, types.Uint, types.Double:
		return v.Value(), nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, nil //nolint:nilnil // nil is null
		}
		return plainOf(v.GetValue())
	case traits.Mapper:
		return plainMap(v)
	case traits.Lister:
		list := []any{}
		for i := v.Iterator(); i.HasNext() == types.True; {
			item, err := plainOf(i.Next())
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	}
	return nil, fmt.Errorf("it is a %s, and a claim is a text, a number, a truth value, a list or a map", value.Type().TypeName())
}

func plainMap(m traits.Mapper) (any, error) {
	members := map[string]any{}
	for i := m.Iterator(); i.HasNext() == types.True; {
		key, ok := i.Next().(types.String)
		if !ok {
			return nil, errors.New("it has keys that are no texts")
		}
		member, err := plainOf(m.Get(key))
		if err != nil {
			return nil, err
		}
		members[string(key)] = member
	}
	return members, nil
}
