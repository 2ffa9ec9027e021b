// SPDX-License-Identifier: Apache-2.0

package token

import "encoding/json"

// saying is a client's access token that says more of its user.
type saying struct {
	clientClaims
	also map[string]json.RawMessage
}

// MarshalJSON implements json.Marshaler. What the token means to the realm nothing replaces.
func (c saying) MarshalJSON() ([]byte, error) {
	own, err := json.Marshal(c.clientClaims)
	if err != nil || len(c.also) == 0 {
		return own, err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(own, &members); err != nil {
		return nil, err
	}
	for name, value := range c.also {
		if _, taken := members[name]; !taken {
			members[name] = value
		}
	}
	return json.Marshal(members)
}
