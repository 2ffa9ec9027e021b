// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// overlap is for how long at least a store takes both logins. Pods that were on
// their way out when the password changed, and never learned of it, are gone by
// then.
const overlap = time.Minute

// rotationDue reports whether a new password is asked for. One rotation ends
// before the next begins: a store takes no third login.
func rotationDue(l render.StoreLogin, after *metav1.Time, now time.Time) bool {
	return after != nil && !l.Changing() && l.Since.Before(after.Time) && !now.Before(after.Time)
}

// superseded reports whether nobody needs the earlier login any longer, once every pod
// has the newer one.
func superseded(l render.StoreLogin, now time.Time) bool {
	return l.Changing() && !now.Before(l.Since.Add(overlap))
}

// nextRotationStep is when the rotation of a login goes on though nothing happens, the
// zero time for never.
func nextRotationStep(l render.StoreLogin, after *metav1.Time, now time.Time) time.Time {
	switch {
	case l.Changing() && l.Since.Add(overlap).After(now):
		return l.Since.Add(overlap)
	case after != nil && after.After(now) && l.Since.Before(after.Time):
		return after.Time
	}
	return time.Time{}
}
