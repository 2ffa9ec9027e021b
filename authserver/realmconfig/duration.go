// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/json"
	"errors"
	"time"
)

// Duration is a time.Duration that reads and writes as "1h30m" in JSON, so that
// a mounted document can be read by a person.
type Duration time.Duration

// errNotDuration stands for the standard errors, which quote their input.
var errNotDuration = errors.New("a duration must be a string such as \"15m\"")

// String is time.Duration's form.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON accepts only what time.ParseDuration accepts, as a string.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return errNotDuration
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return errNotDuration
	}
	*d = Duration(v)
	return nil
}
