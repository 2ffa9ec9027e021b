// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Texts are what pages of this release say: by key, the names that the key's
// text may hold in braces.
type Texts map[string][]string

// A line is a key and its names. The list is made from the pages' catalogue.
//
//go:embed texts.txt
var textLines string

// KnownTexts are all of them.
func KnownTexts() Texts {
	known := Texts{}
	for line := range strings.Lines(textLines) {
		words := strings.Fields(line)
		known[words[0]] = words[1:]
	}
	return known
}

// TextNames are the names that a text holds in braces, sorted, each once.
func TextNames(text string) []string {
	names := []string{}
	for _, found := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Check returns an error when a text would have no effect, because no page uses
// its key, or would show a name in braces. It does not quote the text.
func (t Texts) Check(key, text string) error {
	names, found := t[key]
	if !found {
		return fmt.Errorf("there is no text %s; did you mean %s?", key, t.nearest(key))
	}
	for _, name := range TextNames(text) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s has nothing to put in place of {%s}", key, name)
		}
	}
	return nil
}

// nearest is the known key that takes the fewest edits.
func (t Texts) nearest(key string) string {
	return slices.MinFunc(slices.Sorted(maps.Keys(t)), func(a, b string) int { return edits(key, a) - edits(key, b) })
}

// edits is the Levenshtein distance of two keys, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
