// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func FuzzCursor(f *testing.F) {
	f.Add(EventCursor{At: time.UnixMicro(1_767_323_045_000_000), ID: "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"}.String())
	for _, seed := range []string{"", "MSAy", "LTEgMDE5OGM5YzQtNmYwYS03YzNlLTliMWQtMmY1YThlN2Q0YzEw", "=", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		place, ok := ParseEventCursor(cursor)
		if !ok {
			return
		}
		if uuid.Validate(place.ID) != nil || place.At.Before(time.UnixMicro(0)) {
			t.Errorf("read %+v", place)
		}
		if again, ok := ParseEventCursor(place.String()); !ok || !again.At.Equal(place.At) || again.ID != place.ID {
			t.Errorf("%+v became %+v", place, again)
		}
	})
}
