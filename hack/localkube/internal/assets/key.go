// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// cacheKey returns twelve hex digits that change whenever the build could
// differ, and the Kubernetes version that module requires, such as v1.37.1.
func cacheKey(module string) (key, version string, err error) {
	inputs := []string{"go.mod", "go.sum"}
	for _, command := range []string{"cmd/kube", "cmd/pause"} {
		err := filepath.WalkDir(filepath.Join(module, command), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(module, path)
			inputs = append(inputs, name)
			return err
		})
		if err != nil {
			return "", "", fmt.Errorf("list sources: %w", err)
		}
	}
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range inputs {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", "", fmt.Errorf("read source: %w", err)
		}
		if name == "go.mod" {
			version, err = requiredVersion(string(content), "k8s.io/kubernetes")
			if err != nil {
				return "", "", err
			}
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], version, nil
}

// requiredVersion finds the version at which the text of a go.mod requires path.
func requiredVersion(gomod, path string) (string, error) {
	for line := range strings.Lines(gomod) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == path && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("go.mod does not require %s", path)
}

// majorMinor splits v1.37.1 into 1 and 37.
func majorMinor(version string) (major, minor string) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return version, ""
	}
	return parts[0], parts[1]
}
