// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DependsOn makes a cached test run again when a file below one of the paths has
// changed. The go command counts what a test looks at itself, and not what the
// programs look at that it runs.
func DependsOn(paths ...string) error {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look at what a test depends on: %w", err)
		}
	}
	return nil
}
