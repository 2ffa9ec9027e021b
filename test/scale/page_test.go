// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"os"
	"strings"
	"testing"
)

const reportFile = "../../docs/scale.md"

// Each measurement writes a part of the page, which begins so.
const (
	realmsPart  = "# The operator with "
	clientsPart = "# One realm with "
)

// writePart writes one part of the page, and leaves the others as they are.
func writePart(t *testing.T, begins, text string) {
	t.Helper()
	page, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	written := strings.Join(replacePart(strings.SplitAfter(string(page), "\n"), begins, text), "")
	if err := os.WriteFile(reportFile, []byte(written), 0o644); err != nil {
		t.Error(err)
	}
}

// replacePart is a page of lines with another part in the place of the one that begins so,
// or at its end.
func replacePart(page []string, begins, text string) []string {
	var before, after []string
	found, within := false, false
	for _, line := range page {
		if strings.HasPrefix(line, "# ") {
			within = strings.HasPrefix(line, begins)
			found = found || within
		}
		switch {
		case within:
		case found:
			after = append(after, line)
		default:
			before = append(before, line)
		}
	}
	if !found {
		before = append(before, "\n")
	} else if len(after) > 0 {
		text += "\n"
	}
	return append(append(before, text), after...)
}
