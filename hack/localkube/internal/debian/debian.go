// SPDX-License-Identifier: Apache-2.0

// Package debian installs what is missing of a list of Debian packages.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
)

// Ensure installs the packages that are not installed yet. It needs root and
// Debian (or a system with apt) only when something is missing. Services of
// new packages are not started: the cluster runs its own.
func Ensure(ctx context.Context, c *console.Console, packages ...string) error {
	missing := Missing(ctx, packages)
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("the Debian packages %s are missing and only root can install them: apt-get install %s", list, list)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("the programs of the Debian packages %s are missing and there is no apt-get: install them by hand", list)
	}
	return c.Step("installing Debian packages "+list, func() error {
		return withoutServices(func(env []string) error {
			if err := apt(ctx, env, "update", "-qq"); err != nil {
				return err
			}
			return apt(ctx, env, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)...)
		})
	})
}

// Missing returns those of packages that dpkg does not know as installed.
func Missing(ctx context.Context, packages []string) []string {
	args := append([]string{"-W", "-f", "${db:Status-Status} ${Package}\n"}, packages...)
	// The exit status tells only that some package is unknown; the list says which.
	out, _ := exec.CommandContext(ctx, "dpkg-query", args...).Output()
	installed := strings.Split(string(out), "\n")
	return slices.DeleteFunc(slices.Clone(packages), func(name string) bool {
		return slices.Contains(installed, "installed "+name)
	})
}

func apt(ctx context.Context, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// policy is where invoke-rc.d of Debian asks whether a package may start its
// service; 101 means no.
const policy = "/usr/sbin/policy-rc.d"

// withoutServices runs install while packages are told not to start services.
// A policy that the machine already has stays in force.
func withoutServices(install func(env []string) error) (err error) {
	env := []string{"DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l"}
	file, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, os.ErrExist) {
		return install(env)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(policy), err)
	}
	defer func() { err = errors.Join(err, os.Remove(policy)) }()
	_, err = file.WriteString("#!/bin/sh\nexit 101\n")
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(policy), err)
	}
	return install(env)
}
