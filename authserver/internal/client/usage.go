// SPDX-License-Identifier: Apache-2.0

package client

import (
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Usage remembers which clients, and which secrets of theirs, were used on the last
// two days on which any was. It is lost with the process.
type Usage struct {
	now func() time.Time
	mu  sync.RWMutex
	// days are the later one and the earlier one.
	days [2]day
}

// day is what was used on one, in UTC; empty names stand for no day. An empty secret
// is the client itself.
type day struct {
	name string
	used map[use]bool
}

type use struct{ clientID, secretID string }

// NewUsage remembers nothing yet.
func NewUsage(now func() time.Time) *Usage { return &Usage{now: now} }

// mark remembers a client and, unless that is empty, a secret of it.
func (u *Usage) mark(clientID, secretID string) {
	today := u.now().UTC().Format(time.DateOnly)
	if u.knows(today, use{clientID, secretID}) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if today > u.days[0].name {
		u.days[1], u.days[0] = u.days[0], day{today, map[use]bool{}}
	}
	for _, d := range u.days { // a clock may be set back
		if d.name == today {
			d.used[use{clientID, ""}], d.used[use{clientID, secretID}] = true, true
		}
	}
}

func (u *Usage) knows(today string, what use) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.days[0].name == today && u.days[0].used[what]
}

// Report is what was used, of the clients in force, the later day first.
func (u *Usage) Report(clients *realmconfig.ClientSet) []realmconfig.ClientUse {
	u.mu.RLock()
	defer u.mu.RUnlock()
	report := []realmconfig.ClientUse(nil)
	for _, d := range u.days {
		if d.name == "" {
			continue
		}
		report = append(report, clients.Use(d.name,
			func(id string) bool { return d.used[use{id, ""}] },
			func(id, secretID string) bool { return d.used[use{id, secretID}] }))
	}
	return report
}
