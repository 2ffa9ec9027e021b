// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		said string
	}{
		"no command":           {nil, "usage: "},
		"unknown command":      {[]string{"dance"}, "usage: "},
		"unknown flag":         {[]string{"serve", "--fast"}, "flag provided but not defined"},
		"bad level":            {[]string{"migrate", "--log-level", "loud"}, "invalid value"},
		"no documents":         {[]string{"migrate", "--config-dir", "/nonexistent"}, "config/config.json"},
		"nothing to import to": {[]string{"import", "--config-dir", "/nonexistent"}, "config/config.json"},
		"nothing to serve":     {[]string{"serve", "--config-dir", "/nonexistent", "--api-address", "127.0.0.1:0", "--ops-address", "127.0.0.1:0"}, "keyset.json"},
		"a bad address":        {[]string{"serve", "--api-address", "nowhere"}, "listen for the API"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := &strings.Builder{}
			err := run(t.Context(), 1, c.args, strings.NewReader(""), out)
			if err == nil || !strings.Contains(err.Error(), c.said) {
				t.Errorf("said %v, want %q", err, c.said)
			}
		})
	}
}
