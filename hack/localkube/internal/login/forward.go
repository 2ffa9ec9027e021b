// SPDX-License-Identifier: Apache-2.0

package login

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

const forwardTimeout = 15 * time.Second

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func (l Login) forwardArgs(address string) []string {
	_, port, _ := strings.Cut(address, ":")
	return []string{"-n", l.Namespace, "port-forward", "service/" + l.Realm, port + ":443"}
}

// forward runs kubectl port-forward until stop is called and returns when
// address takes connections.
func (l Login) forward(ctx context.Context, address string) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, l.Kubectl.Program, l.forwardArgs(address)...)
	cmd.Env = l.Kubectl.Environment()
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start kubectl port-forward: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, so its exit status tells nothing
	}
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return stop, connection.Close()
		}
		select {
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("wait for kubectl port-forward: %w\n%s", err, complaints.Bytes())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
