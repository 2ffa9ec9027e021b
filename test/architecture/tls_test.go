// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A configuration of TLS that is made elsewhere speaks what the standard library
// does by default, which is more than package tlspolicy lets it.
func TestTLSIsConfiguredInOnePlace(t *testing.T) {
	t.Parallel()
	made := regexp.MustCompile(`&tls\.Config\{|\.MinVersion\b|\bCipherSuites\b`)
	looked := 0
	for _, part := range []string{"authserver", "cmd", "controllers", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", "..", part), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testenv" || entry.Name() == "tlspolicy"):
				return fs.SkipDir
			case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			looked++
			source, err := os.ReadFile(path)
			if made.Match(source) {
				t.Errorf("%s says how to speak TLS; that is package tlspolicy's", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked == 0 {
		t.Error("there is no source")
	}
}
