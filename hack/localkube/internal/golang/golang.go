// SPDX-License-Identifier: Apache-2.0

// Package golang builds Go programs, always in the same way, so that all builds
// share one cache.
package golang

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Build runs go build with args in folder. The error holds what it complained about.
func Build(ctx context.Context, folder string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath"}, args...)...)
	cmd.Dir = folder
	// By default the compiler spends a quarter of its time on collecting garbage.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOGC=400")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
