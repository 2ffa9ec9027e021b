// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/http"
	"testing"
	"time"
)

func FuzzKeptFor(f *testing.F) {
	for _, seed := range []string{"max-age=60", "no-store", `private="a, b", max-age="5"`, "max-age=-1, max-age=1e9", "MAX-AGE = 5"} {
		f.Add(seed, "10")
	}
	f.Fuzz(func(t *testing.T, cacheControl, age string) {
		h := http.Header{"Cache-Control": {cacheControl}, "Age": {age}}
		if kept := keptFor(h); kept < 0 || kept > 365*24*time.Hour {
			t.Errorf("kept for %s", kept)
		}
	})
}
