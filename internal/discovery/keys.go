// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

// Keys reads a key set (RFC 7517, section 5), or returns ErrNotJSON. Keys of
// kinds we do not know, and those that verify nothing, are left out.
func Keys(document []byte) ([]jose.JSONWebKey, error) {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{}
	if err := Decode(document, &set); err != nil {
		return nil, err
	}
	known := []jose.JSONWebKey{}
	for _, raw := range set.Keys {
		key := jose.JSONWebKey{}
		if key.UnmarshalJSON(raw) == nil && key.IsPublic() && key.Use != "enc" {
			known = append(known, key)
		}
	}
	return known, nil
}
