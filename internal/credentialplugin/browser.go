// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"errors"
	"fmt"
	"os/exec"
)

// Browser shows addresses in the browser of whoever uses a system, which GOOS names.
func Browser(system string, getenv func(string) string) func(address string) error {
	return func(address string) error {
		command := opener(system, getenv)
		if command == nil {
			return errors.New("there is no screen")
		}
		cmd := exec.Command(command[0], append(command[1:], address)...) //nolint:gosec // an https:// address, which no shell reads
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start %s: %w", command[0], err)
		}
		return cmd.Process.Release() // it may outlast us
	}
}

// opener is the program that opens an address; nil where nobody would see it.
func opener(system string, getenv func(string) string) []string {
	switch {
	case system == "darwin":
		return []string{"open"}
	case system == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	case getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "":
		return []string{"xdg-open"}
	}
	return nil
}
