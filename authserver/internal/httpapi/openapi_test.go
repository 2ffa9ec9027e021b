// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"reflect"
	"testing"
)

func TestOperationsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range new(API).routes() {
		id := operationID(r)
		if other, taken := seen[id]; taken {
			t.Errorf("%s and %s are both called %s", r.pattern(), other, id)
		}
		seen[id] = r.pattern()
	}
}

// An example that the API itself would refuse helps nobody.
func TestExamplesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, r := range new(API).routes() {
		for _, f := range decoderOf(r.in).fields {
			into := reflect.New(r.in).Elem().FieldByIndex(f.index)
			for _, example := range examplesOf(f.name) {
				if text, isText := example.(string); isText && f.setString(text, into) != "" {
					t.Errorf("%s: the example of %s %s", r.pattern(), f.name, f.setString(text, into))
				}
			}
		}
	}
}
