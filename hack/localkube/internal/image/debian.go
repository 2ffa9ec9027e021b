// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// suite is the Debian release that databases and caches come from: the one
// whose PostgreSQL is 15 and whose Redis is 7.
const suite = "bookworm"

// Packages are the Debian packages that building images needs.
func Packages() []string { return []string{"mmdebstrap", "ca-certificates"} }

// recipe is an image made of Debian packages. Its programs run as user 999
// and are found in PATH, like those of the well-known public images.
type recipe struct {
	name, tag string
	packages  []string
	config    v1.Config
	entries   []entry
}

// basics are the programs that shell scripts in containers expect.
var basics = []string{"base-files", "bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "sed"}

func accounts(user string) []entry {
	return []entry{
		{name: "/etc/group", mode: 0o644, text: "root:x:0:\n" + user + ":x:999:\n"},
		{name: "/etc/passwd", mode: 0o644, text: "root:x:0:0:root:/root:/bin/bash\n" + user + ":x:999:999::/tmp:/bin/sh\n"},
		{name: "/tmp", mode: 0o1777, folder: true},
	}
}

func postgres() recipe {
	return recipe{
		name: "postgres", tag: "15", packages: append([]string{"postgresql-15", "tzdata"}, basics...),
		config: v1.Config{
			User: "999:999", Cmd: []string{"postgres"}, StopSignal: "SIGINT",
			Env: []string{
				"PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				"PGDATA=/var/lib/postgresql/data", "LANG=C.UTF-8",
			},
		},
		entries: append(accounts("postgres"),
			entry{name: "/var/lib/postgresql", mode: 0o755, uid: 999, folder: true},
			entry{name: "/var/lib/postgresql/data", mode: 0o700, uid: 999, folder: true},
			entry{name: "/var/run/postgresql", mode: 0o2775, uid: 999, folder: true}),
	}
}

func redis() recipe {
	return recipe{
		name: "redis", tag: "7", packages: append([]string{"redis-server", "redis-tools"}, basics...),
		config: v1.Config{
			User: "999:999", Cmd: []string{"redis-server"}, WorkingDir: "/data",
			Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
		entries: append(accounts("redis"), entry{name: "/data", mode: 0o755, uid: 999, folder: true}),
	}
}

// PostgreSQL returns the image of a database server, from the folder cache if
// it was built before.
func PostgreSQL(ctx context.Context, cache string) (Archive, error) {
	return postgres().ensure(ctx, cache)
}

// Redis returns the image of a cache server, from the folder cache if it was
// built before.
func Redis(ctx context.Context, cache string) (Archive, error) { return redis().ensure(ctx, cache) }

func (r recipe) ensure(ctx context.Context, cache string) (Archive, error) {
	path := filepath.Join(cache, fmt.Sprintf("%s-%s-%s.tar", r.name, r.tag, r.key()))
	archive := Archive{repository + r.name + ":" + r.tag, path}
	if _, err := os.Stat(path); err == nil {
		return archive, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Archive{}, fmt.Errorf("create cache of images: %w", err)
	}
	return write(path, repository+r.name, r.tag, r.config, func(l *layer) error {
		if err := l.add(r.entries...); err != nil {
			return err
		}
		return r.bootstrap(ctx, l)
	})
}

// bootstrap copies the packages' files into l. They are unpacked but not
// configured: what their scripts would set up is either in the recipe or for a
// machine, not for a container.
func (r recipe) bootstrap(ctx context.Context, l *layer) error {
	cmd := exec.CommandContext(ctx, "mmdebstrap", "--quiet", "--variant=extract", "--format=tar",
		"--include="+strings.Join(r.packages, ","), suite, "-")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("make pipe from mmdebstrap: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start mmdebstrap: %w", err)
	}
	copied := l.copyFrom(out, keep)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("mmdebstrap of %s: %w\n%s", r.name, err, &complaints)
	}
	return copied
}

// key changes when the image would, as far as we decide it.
func (r recipe) key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %v %v %v", suite, r.packages, r.config, r.entries, unwanted))
	return hex.EncodeToString(sum[:6])
}

// unwanted are the parts of packages that a server in a container never reads.
// PostgreSQL's just-in-time compiler alone is larger than all that is left.
var unwanted = []string{
	"/dev/", "/proc/", "/sys/", "/run/", "/boot/", "/home/", "/media/", "/mnt/", "/srv/",
	"/usr/share/doc/", "/usr/share/man/", "/usr/share/info/", "/usr/share/locale/", "/usr/share/i18n/",
	"/usr/share/lintian/", "/usr/share/bash-completion/", "/usr/share/perl", "/usr/lib/x86_64-linux-gnu/perl",
	"/usr/lib/aarch64-linux-gnu/perl", "/usr/bin/perl", "/usr/lib/x86_64-linux-gnu/gconv/", "/usr/lib/aarch64-linux-gnu/gconv/",
	"/usr/lib/x86_64-linux-gnu/libLLVM", "/usr/lib/aarch64-linux-gnu/libLLVM",
	"/usr/lib/x86_64-linux-gnu/libz3", "/usr/lib/aarch64-linux-gnu/libz3",
	"/usr/lib/x86_64-linux-gnu/libperl", "/usr/lib/aarch64-linux-gnu/libperl",
	"/usr/lib/postgresql/15/lib/bitcode/", "/usr/lib/postgresql/15/lib/llvmjit", "/usr/share/postgresql/15/man/",
	"/var/cache/", "/var/lib/apt/", "/var/lib/dpkg/info/", "/var/log/", "/etc/apt/", "/etc/init.d/", "/lib/systemd/",
	"/usr/lib/systemd/", "/etc/systemd/", "/lib/udev/",
}

func keep(name string) bool {
	for _, prefix := range unwanted {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return true
}

func splitReference(reference string) (name, tag string, err error) {
	name, tag, found := strings.Cut(reference, ":")
	if !found {
		return "", "", errors.New("image reference " + reference + " has no tag")
	}
	return name, tag, nil
}
