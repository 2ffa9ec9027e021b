// SPDX-License-Identifier: Apache-2.0

package auth

import "time"

// Quota is how many messages share a key within a QuotaWindow. A message counts against
// each of its quotas, or, where one of them is used up, against none and is not sent.
type Quota struct {
	Key   CounterKey
	Limit int
	// IfSent leaves the quota alone when a message was asked for that has no
	// recipient. Without it, asking counts: that has to be the same work.
	IfSent bool
}

// QuotaWindow is how long a quota counts from its first message on.
const QuotaWindow = time.Hour
