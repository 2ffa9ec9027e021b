// SPDX-License-Identifier: Apache-2.0

package password

import "slices"

// BusiestWorker is how many lanes the worker with the most has in use.
func (e *Engine) BusiestWorker() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Max(e.busy)
}
