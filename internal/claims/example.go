// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Example is somebody, and what is to be said of them.
type Example struct {
	// Name is what the example is called, empty for one that is known by its number.
	Name  string
	Given Facts
	// Then has values as encoding/json reads them, by the names of claims; nil is for a claim
	// that is not to be said. Claims that it does not name may say what they want, as long as
	// they can be evaluated.
	Then map[string]any
}

// Prove says which examples do not hold, one line for each: with what was got and wanted.
func (s *Set) Prove(examples []Example) error {
	problems := []error{}
	for i, e := range examples {
		if err := s.prove(e); err != nil {
			called := "examples[" + strconv.Itoa(i) + "]"
			if e.Name != "" {
				called = fmt.Sprintf("example %q", e.Name)
			}
			problems = append(problems, fmt.Errorf("%s: %w", called, err))
		}
	}
	return errors.Join(problems...)
}

// prove says the first thing that is wrong.
func (s *Set) prove(e Example) error {
	said, leftOut := s.Evaluate(e.Given)
	if len(leftOut) > 0 {
		return fmt.Errorf("%s cannot be said: %w", leftOut[0].Name, leftOut[0].Err)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Then)) {
		if !slices.ContainsFunc(s.claims, func(c claim) bool { return c.name == name }) {
			return fmt.Errorf("%s is none of the claims", name)
		}
		var got any
		if value, found := said[name]; found {
			if err := json.Unmarshal(value, &got); err != nil {
				return fmt.Errorf("%s is no JSON: %w", name, err)
			}
		}
		if want := e.Then[name]; !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%s is %s, want %s", name, inWords(got), inWords(want))
		}
	}
	return nil
}

func inWords(value any) string {
	if value == nil {
		return "left out"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "no JSON"
	}
	return string(text)
}
