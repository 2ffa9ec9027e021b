// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"context"
	"fmt"
	"os"
)

// lock waits until this process alone works with the file. The system gives the lock back
// when the process ends, however it ends.
func (p *Plugin) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the tokens: %w", err)
	}
	file, err := os.OpenFile(p.path(".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the tokens: %w", err)
	}
	locked := make(chan error, 1)
	go func() { locked <- lockFile(file) }()
	select {
	case err = <-locked:
	case <-ctx.Done():
		// Nothing interrupts the wait but the end of the process, which is near.
		return nil, ctx.Err()
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock the tokens: %w", err)
	}
	return func() { _ = file.Close() }, nil
}
