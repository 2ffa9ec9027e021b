// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// keeper waits for word from the test. When its standard input ends without one,
// because the test was killed or was out of time, it ends the etcd and the API
// server that work in its folder, however far they have come, and removes it. It
// has to find them: unlike the other servers of the tests, which a keeper starts,
// these are started by envtest.
const keeper = `
read -r word && exit
for process in /proc/[0-9]*; do
	if grep -qsaF -e "--data-dir=$PWD/" -e "--cert-dir=$PWD/" "$process/cmdline"; then
		kill -s KILL "${process#/proc/}"
	fi
done
rm -rf "$PWD" || { sleep 1; rm -rf "$PWD"; } # one may have had a last file to write
`

// keep starts the keeper of a folder, and returns how to send it away.
func keep(folder string) (release func() error, err error) {
	command := exec.Command("/bin/sh", "-c", keeper)
	command.Dir = folder
	// A group of its own keeps Ctrl-C for the test.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	word, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	return func() error {
		_, err := io.WriteString(word, "done\n")
		return errors.Join(err, command.Wait())
	}, nil
}
