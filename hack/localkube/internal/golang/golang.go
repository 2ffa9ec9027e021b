// SPDX-License-Identifier: Apache-2.0

// Package golang builds Go programs, always in the same way, so that all builds
// share one cache.
package golang

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// environment is that of every build.
func environment() []string {
	// By default the compiler spends a quarter of its time on collecting garbage,
	// though few packages need the memory to do without.
	return append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOGC=off", "GOMEMLIMIT=768MiB")
}

// Packages returns the import paths of all that is compiled for a build with args
// in folder, about in the order in which it is.
func Packages(ctx context.Context, folder string, args ...string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-deps"}, args...)...)
	cmd.Dir, cmd.Env = folder, environment()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return strings.Fields(string(list)), nil
}

// Build runs go build with args in folder. The error holds what it complained about.
func Build(ctx context.Context, folder string, args ...string) error {
	return BuildWatched(ctx, folder, func(string) {}, args...)
}

// BuildWatched is Build, and calls compiling with the import path of each package
// that is not in the cache when its turn comes. A program's main package is the
// last; after it comes only the linker, which needs no more than one core.
func BuildWatched(ctx context.Context, folder string, compiling func(path string), args ...string) error {
	// Every program is linked without debugging information, on which the compiler
	// would spend a tenth of its time.
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-v", "-trimpath", "-gcflags=all=-dwarf=false"}, args...)...)
	cmd.Dir, cmd.Env = folder, environment()
	output, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	complaints := []string{}
	said := bufio.NewReader(output) // a line may be long, and who does not read on keeps go from ending
	for line, err := said.ReadString('\n'); err == nil; line, err = said.ReadString('\n') {
		if strings.ContainsAny(line, " :") {
			complaints = append(complaints, line)
		} else {
			compiling(strings.TrimSpace(line))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, strings.Join(complaints, ""))
	}
	return nil
}
