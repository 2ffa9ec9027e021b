// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// daemon is a server process in a folder of its own.
type daemon struct {
	name    string
	command *exec.Cmd
	orders  io.WriteCloser
	log     string
}

// keeper runs a server until its standard input says "halt" or ends, which it
// does when the test is over and also when the test is killed, whatever way;
// then it stops the server and, unless halted, removes its folder. Without it a
// killed test would leave servers and folders behind. What a server has started
// itself, in the session that it leads, must not outlive it and write once more.
const keeper = `
setsid "$@" </dev/null >>log 2>&1 &
read -r order
kill -s "$SIGNAL" $!
wait $!
kill -s KILL -- -$! 2>/dev/null
[ "$order" = halt ] || rm -rf "$PWD"
exit 0
`

// startDaemon runs argv as the unprivileged user in dir; signal stops it.
func startDaemon(dir, signal string, argv ...string) (*daemon, error) {
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	return startDaemonAs(credential, nil, dir, signal, argv...)
}

// startDaemonAs does so as a user, nil being the caller, with more in the environment.
func startDaemonAs(credential *syscall.Credential, environment []string, dir, signal string, argv ...string) (*daemon, error) {
	command := exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper"}, argv...)...)
	command.Dir = dir
	command.Env = slices.Concat(os.Environ(), []string{"LC_ALL=C.UTF-8", "SIGNAL=" + signal, "PWD=" + dir}, environment)
	// A group of its own keeps Ctrl-C for the test, which then lets go.
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	orders, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	return &daemon{name: filepath.Base(argv[0]), command: command, orders: orders, log: filepath.Join(dir, "log")}, nil
}

// halt stops the server and keeps its folder.
func (d *daemon) halt() error {
	_, err := io.WriteString(d.orders, "halt\n")
	return errors.Join(err, d.stop())
}

// stop stops the server and removes its folder.
func (d *daemon) stop() error {
	_ = d.orders.Close()
	return d.command.Wait()
}

// await polls until the server answers; otherwise the error shows its log.
func (d *daemon) await(ctx context.Context, answers func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, eventually.Patience)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		err := answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(d.log)
			return fmt.Errorf("%s does not answer: %w\n%s", d.name, err, log)
		case <-poll.C:
		}
	}
}

// newFolder is a temporary folder that the unprivileged user owns.
func newFolder(name string) (string, error) {
	dir, err := os.MkdirTemp(scratch(), "realmkeeper-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("make folder for %s: %w", name, err)
	}
	return dir, own(dir)
}

// memory is where Linux keeps files that are never written to a disk.
const memory = "/dev/shm"

// scratch is where temporary folders go: into memory, where there is room, since
// a server makes and removes hundreds of files for every database.
func scratch() string {
	const enough = 4 << 30
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) > enough {
		return memory
	}
	return os.TempDir()
}

// own gives a file or folder to the unprivileged user.
func own(path string) error {
	credential, err := unprivileged()
	if err != nil || credential == nil {
		return err
	}
	if err := os.Chown(path, int(credential.Uid), int(credential.Gid)); err != nil {
		return fmt.Errorf("give %s to the user of servers: %w", path, err)
	}
	return nil
}

// unprivileged is whom servers run as: the caller, or postgres or nobody when
// the caller is root, as whom PostgreSQL refuses to run.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find an unprivileged user: %w", err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("read ids of user %s: %w", account.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// program finds a server's binary in the folders first, which may be patterns,
// then in PATH.
func program(name string, folders ...string) (string, error) {
	for _, folder := range folders {
		found, err := filepath.Glob(filepath.Join(folder, name))
		if err == nil && len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed: run `make deps` (apt-get install postgresql redis-server)", name)
	}
	return path, nil
}
