// SPDX-License-Identifier: Apache-2.0

// Package installation keeps two installations of the operator from working on the same
// realm.
//
// An installation is known by the Lease by which its operators elect one of them. That of
// an installation for every namespace is in its own namespace, and that of one for a single
// namespace in the namespace whose realms it works on: two of the latter elect one of
// theirs. Of several whose Leases are alive, a realm is its own namespace's, and else the
// eldest's. The others do nothing for it, and say so. Once a Lease is released, deleted or
// not renewed, the next one takes over.
package installation

import (
	"cmp"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// The names of Leases: of an installation for every namespace, and of one for the
// namespace that the Lease is in.
const (
	everywhere   = "operator." + v1alpha1.GroupName
	oneNamespace = "namespace-operator." + v1alpha1.GroupName
)

// LeaseOf is the Lease of an installation in a namespace that works on the realms of one
// namespace, or of all of them where watched is empty.
func LeaseOf(namespace, watched string) types.NamespacedName {
	if watched != "" {
		return types.NamespacedName{Namespace: watched, Name: oneNamespace}
	}
	return types.NamespacedName{Namespace: namespace, Name: everywhere}
}

// installation is what its Lease tells of one.
type installation struct {
	lease   types.NamespacedName
	uid     types.UID
	created time.Time
}

// worksIn reports whether an installation works on the realms of a namespace.
func (i installation) worksIn(namespace string) bool {
	return i.lease.Name == everywhere || i.lease.Namespace == namespace
}

// inCharge orders the installations that work on the realms of a namespace: whose the
// realms are comes first.
func inCharge(alive []installation, namespace string) []installation {
	all := slices.DeleteFunc(slices.Clone(alive), func(i installation) bool { return !i.worksIn(namespace) })
	slices.SortFunc(all, func(a, b installation) int {
		if a.lease.Name != b.lease.Name {
			return cmp.Compare(a.lease.Name, b.lease.Name) // the namespace's own before others
		}
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.uid, b.uid))
	})
	return all
}

// sighting is a Lease as it was seen, and since when it has been so. Clocks of other
// machines are not compared with: that a Lease is renewed is seen by its change.
type sighting struct {
	renewed time.Time
	holder  string
	since   time.Time
}

// alive reports whether somebody holds a Lease that was seen so.
func (s sighting) alive(lease *coordinationv1.Lease, now time.Time) bool {
	const untold = 15 * time.Second
	lasts := untold
	if seconds := lease.Spec.LeaseDurationSeconds; seconds != nil && *seconds > 0 {
		lasts = time.Duration(*seconds) * time.Second
	}
	return s.holder != "" && now.Sub(s.since) <= lasts
}

// see is the next sighting of a Lease.
func (s sighting) see(lease *coordinationv1.Lease, now time.Time) sighting {
	next := sighting{since: now}
	if lease.Spec.HolderIdentity != nil {
		next.holder = *lease.Spec.HolderIdentity
	}
	if lease.Spec.RenewTime != nil {
		next.renewed = lease.Spec.RenewTime.Time
	}
	if !s.since.IsZero() && s.holder == next.holder && s.renewed.Equal(next.renewed) {
		next.since = s.since
	}
	return next
}
