// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"time"
)

const forwardTimeout = 15 * time.Second

func (l Login) forwardArgs() []string {
	return []string{"-n", l.Namespace, "port-forward", "service/" + l.Realm, forwardedPort + ":443"}
}

// forward runs kubectl port-forward until stop is called and returns when
// address takes connections.
func (l Login) forward(ctx context.Context, address string) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, l.Kubectl.Program, l.forwardArgs()...)
	cmd.Env = l.Kubectl.Environment()
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
			return nil, fmt.Errorf("wait for kubectl port-forward: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
