// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// maxProxiesTold bounds the addresses in a message.
const maxProxiesTold = 16

// proxiesNamed says whether pods have seen requests through a proxy that the spec does
// not name. Whoever reaches a pod can look like one: so it is no part of Ready, nothing
// of a request but its peer's address is ever told, and a person decides.
func proxiesNamed(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.ProxiesNamedCondition
	if st.podsUnknown != nil {
		return st.podsUnknown.Unknown(kind)
	}
	var named []string
	if realm.Spec.Network != nil {
		named = realm.Spec.Network.TrustedProxies
	}
	unnamed := unnamedProxies(st.pods, named)
	before := meta.FindStatusCondition(realm.Status.Conditions, kind)
	switch {
	case len(unnamed) > 0:
		return conditions.False(kind, v1alpha1.ReasonUnnamedProxy,
			"Requests come through %s, so that clients cannot be told apart. If that is your gateway, add to the spec, with the range of its pods in place of single addresses if they change: network: {trustedProxies: [%s]}",
			strings.Join(unnamed, ", "), strings.Join(slices.Concat(named, unnamed), ", "))
	case before != nil && before.Status == metav1.ConditionFalse && before.ObservedGeneration == realm.Generation && slices.ContainsFunc(st.pods, silent):
		return *before // the pod that has seen it may be the one that does not answer
	}
	return conditions.True(kind, v1alpha1.ReasonNamed, "No pod has seen a proxy of late that network.trustedProxies does not name")
}

func silent(p podstatus.Pod) bool { return !p.Answered }

// unnamedProxies are the ranges of what pods have seen, beyond those that are named. A
// pod's word is taken for an address of a private range, and for nothing else.
func unnamedProxies(pods []podstatus.Pod, named []string) []string {
	var ranges []netip.Prefix
	for _, text := range named {
		if p, err := netip.ParsePrefix(text); err == nil {
			ranges = append(ranges, p)
		}
	}
	var seen []netip.Addr
	for _, p := range pods {
		for _, text := range p.Report.UnnamedProxies {
			a, err := netip.ParseAddr(text)
			within := func(p netip.Prefix) bool { return p.Contains(a) }
			if err == nil && a.Zone() == "" && outbound.IsPrivate(a) && !slices.ContainsFunc(ranges, within) {
				seen = append(seen, a)
			}
		}
	}
	slices.SortFunc(seen, netip.Addr.Compare)
	seen = slices.Compact(seen)
	return rangesOf(seen[:min(len(seen), maxProxiesTold)])
}

// The widest ranges that stand for several addresses: those of the pods of one node,
// commonly. A wider one would have the realm believe whoever is beside the gateway.
const widest4, widest6 = 24, 64

// rangesOf are the smallest ranges that hold all of the addresses of one node, in order.
func rangesOf(addresses []netip.Addr) []string {
	var texts []string
	for len(addresses) > 0 {
		first, bits := addresses[0], widest6
		if first.Is4() {
			bits = widest4
		}
		near, _ := first.Prefix(bits)
		n := 1
		for n < len(addresses) && near.Contains(addresses[n]) {
			n++
		}
		for bits = first.BitLen(); ; bits-- {
			if p, _ := first.Prefix(bits); p.Contains(addresses[n-1]) { // they are in order
				texts = append(texts, p.String())
				break
			}
		}
		addresses = addresses[n:]
	}
	return texts
}
