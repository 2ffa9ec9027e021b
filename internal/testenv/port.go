// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePort is a TCP port that nobody listens on now. It is not one of those that the
// system gives to connections and to whoever asks for any port, from 32768 on: one of
// them could be taken again before its server has started.
func FreePort() (int, error) {
	const first, ports, tries = 10_000, 22_000, 100
	var taken error
	for range tries {
		port := first + rand.IntN(ports)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
		taken = err
	}
	return 0, fmt.Errorf("find a free port: %w", taken)
}
