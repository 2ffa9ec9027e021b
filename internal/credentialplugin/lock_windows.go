// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"os"

	"golang.org/x/sys/windows"
)

func lockFile(file *os.File) error {
	const aByte, high = 1, 0
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, aByte, high, &windows.Overlapped{})
}
