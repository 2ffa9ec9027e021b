// SPDX-License-Identifier: Apache-2.0

// Package assets builds the Kubernetes programs from Go modules and keeps them
// in the user's cache, so that a second checkout finds them built.
package assets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/golang"
	"golang.org/x/sys/unix"
)

// programs are the names that cmd/kube answers to.
var programs = [...]string{
	"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
	"kubelet", "kube-proxy", "coredns", "local-storage", "kubectl",
}

// Cache returns the folder in which this project keeps what is expensive to
// make: $XDG_CACHE_HOME/realmkeeper, by default ~/.cache/realmkeeper.
func Cache() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(user, "realmkeeper"), nil
}

// Ensure returns the folder that holds the programs and the pause program,
// after building them if this version was not built yet. module is the folder
// of the nested module localkube. Several processes may call it at once: one
// builds and the others wait. compiled is called as soon as only linking is left,
// if there is anything to build.
func Ensure(ctx context.Context, module string, c *console.Console, compiled func()) (string, error) {
	key, version, err := cacheKey(module)
	if err != nil {
		return "", fmt.Errorf("name the build: %w", err)
	}
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	kube := filepath.Join(cache, "kube")
	folder := filepath.Join(kube, version+"-"+key)
	if complete(folder) {
		return folder, nil
	}
	if err := os.MkdirAll(kube, 0o755); err != nil {
		return "", fmt.Errorf("create cache: %w", err)
	}
	unlock, err := lock(filepath.Join(kube, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(folder) {
		return folder, nil
	}
	step := "building Kubernetes " + version + " from Go modules (once per version; minutes when cold)"
	return folder, c.StepWithProgress(step, func(say func(string)) error {
		return build(ctx, module, version, folder, say, compiled)
	})
}

func complete(folder string) bool {
	_, err := os.Stat(folder)
	return err == nil
}

// build compiles into a neighbour of folder and renames it at the end, so that
// folder exists only when it is complete.
func build(ctx context.Context, module, version, folder string, say func(progress string), compiled func()) error {
	scratch, err := os.MkdirTemp(filepath.Dir(folder), ".build-")
	if err != nil {
		return fmt.Errorf("create build folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	if err := os.Chmod(scratch, 0o755); err != nil {
		return fmt.Errorf("open build folder: %w", err)
	}
	major, minor := majorMinor(version)
	stamp := "-X k8s.io/component-base/version."
	flags := strings.Join([]string{"-s -w",
		stamp + "gitVersion=" + version, stamp + "gitMajor=" + major, stamp + "gitMinor=" + minor, stamp + "gitTreeState=clean",
	}, " ")
	packages, err := golang.Packages(ctx, module, "-tags=kube", "./cmd/pause", "./cmd/kube")
	if err != nil {
		return err
	}
	compiling := func(path string) {
		say(fmt.Sprintf("package %d of %d", slices.Index(packages, path)+1, len(packages)))
		if strings.HasSuffix(path, "/cmd/kube") {
			compiled()
		}
	}
	for _, program := range []string{"pause", "kube"} {
		err := golang.BuildWatched(ctx, module, compiling, "-tags=kube", "-ldflags", flags, "-o", filepath.Join(scratch, program), "./cmd/"+program)
		if err != nil {
			return err
		}
	}
	for _, program := range programs {
		if err := os.Symlink("kube", filepath.Join(scratch, program)); err != nil {
			return fmt.Errorf("link %s: %w", program, err)
		}
	}
	if err := os.Rename(scratch, folder); err != nil {
		return fmt.Errorf("publish build: %w", err)
	}
	return nil
}

// lock waits until this process alone holds the lock file at path. The kernel
// gives it back when the process ends, however it ends.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}
