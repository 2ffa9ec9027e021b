// SPDX-License-Identifier: Apache-2.0

package console_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
)

func TestWhatAStepSays(t *testing.T) {
	t.Parallel()
	// took lasts that long, with what is said on the way after so many seconds.
	took := func(d time.Duration, said map[time.Duration]string) func(say func(string)) error {
		return func(say func(string)) error {
			for at := range d / time.Second {
				if progress, news := said[at*time.Second]; news {
					say(progress)
				}
				<-time.After(time.Second)
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		do    func(say func(string)) error
		says  string
		fails string
	}{
		"a quick step":  {took(time.Second, nil), "", ""},
		"a short step":  {took(3*time.Second, nil), "   3.0s  baking: done in 3.0s\n", ""},
		"a silent step": {took(22*time.Second, nil), "   5.0s  baking: still at it after 5s\n  20.0s  baking: still at it after 20s\n  22.0s  baking: done in 22.0s\n", ""},
		"a step that knows how far it is": {
			took(22*time.Second, map[time.Duration]string{7 * time.Second: "loaf 1 of 3", 12 * time.Second: "loaf 2 of 3"}),
			"   5.0s  baking: still at it after 5s\n  20.0s  baking: loaf 2 of 3 after 20s\n  22.0s  baking: done in 22.0s\n", "",
		},
		"a step that fails": {func(func(string)) error { return errors.New("the oven is cold") }, "", "baking: the oven is cold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				err := console.New(&out).StepWithProgress("baking", c.do)
				if got := out.String(); got != c.says {
					t.Errorf("it says\n%s\nwant\n%s", got, c.says)
				}
				if (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails {
					t.Errorf("it returns %v, want %q", err, c.fails)
				}
			})
		})
	}
}
