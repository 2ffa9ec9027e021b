// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// Recovery gives people a way in again who have no password, and have lost the passkey or the
// provider that they sign in with.
type Recovery struct {
	// Wait is how long their owner may object, from a mail on: 1m to 720h, which is 30 days,
	// or 0s for no wait; 24h by default.
	Wait Duration `json:"wait"`
}

func (r Recovery) validate(p *problems) {
	if r.Wait != 0 {
		p.duration("recovery.wait", r.Wait, time.Minute, 30*24*time.Hour)
	}
}

// RecoveryWait is how long a recovery waits.
func (c Config) RecoveryWait() time.Duration {
	if c.Recovery == nil {
		return time.Duration(DefaultRecovery().Wait)
	}
	return time.Duration(c.Recovery.Wait)
}
