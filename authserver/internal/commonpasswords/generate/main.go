// SPDX-License-Identifier: Apache-2.0

// Command generate writes list.bin, and the licence of what it is made of, into
// the current folder. Its source is the list of common passwords in a Go module
// (MIT), which nothing else of the project needs.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/commonpasswords"
)

const (
	source = "github.com/trustelem/zxcvbn@v1.0.1"
	// checksum is of the list, so that every run writes the same bytes.
	checksum = "6313cc5ef683a0461416318ee3b16f3d771a3cd10ea2aae54571d27ff95d951f"
	// shortest is the length, in characters, of the shortest password worth
	// keeping: what a shorter one is the stem of has enough of its own.
	shortest = 4
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(into string) error {
	dir, err := download()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "passwords.txt"))
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != checksum {
		return fmt.Errorf("the list in %s is not the one that was chosen", source)
	}
	licence, err := os.ReadFile(filepath.Join(dir, "LICENSE.txt"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(into, "list.LICENSE"), append(licence, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(into, "list.bin"), listOf(string(text)), 0o644)
}

// download has the go command fetch and verify the module, and says where it is.
func download() (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", source).Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w\n%s", source, err, out)
	}
	module := struct{ Dir string }{}
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("read go mod download: %w", err)
	}
	return module.Dir, nil
}

// listOf reads lines of a password and how often it was seen.
func listOf(text string) []byte {
	entries := []string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || utf8.RuneCountInString(words[0]) < shortest {
			continue
		}
		sum := sha256.Sum256([]byte(strings.ToLower(words[0])))
		entries = append(entries, string(sum[:commonpasswords.Width]))
	}
	slices.Sort(entries)
	return []byte(strings.Join(slices.Compact(entries), ""))
}
