// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// What the spec calls the parts that the managed stores are made of.
const (
	databasePart = "database.managed."
	cachePart    = "cache.managed."
)

// databaseRuns reports whether the managed PostgreSQL is ready.
func (st state) databaseRuns() bool {
	if set := st.applied.database; set != nil {
		return set.Status != nil && valueOrZero(set.Status.ReadyReplicas) > 0
	}
	return st.storeReady(render.IsDatabase)
}

// cacheRuns reports whether the managed Redis is ready.
func (st state) cacheRuns() bool {
	if d := st.applied.cache; d != nil {
		return d.Status != nil && valueOrZero(d.Status.ReadyReplicas) > 0
	}
	return st.storeReady(render.IsCache)
}

// storeReady reports whether a store's pod is ready, for one whose workload is not there.
func (st state) storeReady(is func(map[string]string) bool) bool {
	for _, pod := range st.stores {
		if is(pod.Labels) && podstatus.IsReady(pod) {
			return true
		}
	}
	return false
}

// databaseTrouble is why the managed PostgreSQL does not answer, nil when nothing is
// known to be wrong.
func (st state) databaseTrouble() *conditions.Failure {
	if st.volume.trouble != nil {
		return st.volume.trouble
	}
	if trouble := st.storeTrouble(render.IsDatabase, databasePart); trouble != nil {
		return trouble
	}
	return st.databaseRefused
}

// cacheTrouble is databaseTrouble for the managed Redis.
func (st state) cacheTrouble() *conditions.Failure {
	if refused := podsRefused(st.applied.cache); refused != nil {
		return refused
	}
	return st.storeTrouble(render.IsCache, cachePart)
}

// storeTrouble is why a store's pod does not do its work. One that stays says more than
// one that leaves.
func (st state) storeTrouble(is func(map[string]string) bool, part string) *conditions.Failure {
	var leaving *conditions.Failure
	for _, pod := range st.stores {
		if !is(pod.Labels) {
			continue
		}
		trouble := podstatus.Trouble(pod, part, st.now)
		switch {
		case trouble == nil:
		case podstatus.Leaves(pod):
			leaving = trouble
		default:
			return st.explained(pod.Name, trouble)
		}
	}
	return leaving
}

// explained adds to what is wrong with a pod what an event tells of it.
func (st state) explained(pod string, trouble *conditions.Failure) *conditions.Failure {
	if why := st.unstarted[pod]; why != "" {
		return &conditions.Failure{Reason: trouble.Reason, Message: trouble.Message + "; lately: " + why}
	}
	return trouble
}
