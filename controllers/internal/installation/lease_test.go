// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

func TestWhoIsInChargeOfANamespace(t *testing.T) {
	t.Parallel()
	elder := installation{LeaseOf("a", ""), "2", noon()}
	twin := installation{LeaseOf("b", ""), "3", noon()}
	younger := installation{LeaseOf("c", ""), "1", noon().Add(time.Second)}
	local := installation{LeaseOf("d", "shop"), "0", noon().Add(time.Hour)}
	for name, c := range map[string]struct {
		alive     []installation
		namespace string
		want      []installation
	}{
		"none":                              {nil, "shop", nil},
		"the only one":                      {[]installation{younger}, "shop", []installation{younger}},
		"the elder":                         {[]installation{younger, elder}, "shop", []installation{elder, younger}},
		"of one second, always the same":    {[]installation{twin, elder}, "shop", []installation{elder, twin}},
		"the namespace's own":               {[]installation{elder, younger, local}, "shop", []installation{local, elder, younger}},
		"in other namespaces it has no say": {[]installation{local, elder}, "staff", []installation{elder}},
		"nobody works there":                {[]installation{local}, "staff", nil},
	} {
		for range 2 {
			if got := inCharge(c.alive, c.namespace); !slices.Equal(got, c.want) {
				t.Errorf("%s: in charge are %v, want %v", name, got, c.want)
			}
			slices.Reverse(c.alive)
		}
	}
}

func TestALeaseIsAliveWhileItIsSeenToBeRenewed(t *testing.T) {
	t.Parallel()
	lease := func(holder string, renewed time.Time) *coordinationv1.Lease {
		at, lasts := metav1.NewMicroTime(renewed), int32(15)
		return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at, LeaseDurationSeconds: &lasts}}
	}
	longAgo := noon().Add(-time.Hour) // by the clock of another machine
	now, held := noon(), lease("pod", longAgo)
	s := sighting{}.see(held, now)
	for _, step := range []struct {
		after time.Duration
		lease *coordinationv1.Lease
		want  bool
	}{
		{0, held, true},
		{15 * time.Second, held, true},
		{time.Second, held, false},
		{time.Second, lease("pod", longAgo.Add(time.Second)), true},
		{14 * time.Second, lease("another", longAgo.Add(time.Second)), true},
		{14 * time.Second, lease("another", longAgo.Add(time.Second)), true},
		{2 * time.Second, lease("another", longAgo.Add(time.Second)), false},
		{0, lease("", longAgo.Add(time.Minute)), false},
	} {
		now = now.Add(step.after)
		s = s.see(step.lease, now)
		if got := s.alive(step.lease, now); got != step.want {
			t.Errorf("%s after noon, a lease of %q is alive: %t", now.Sub(noon()), *step.lease.Spec.HolderIdentity, got)
		}
	}
	if s = (sighting{}).see(&coordinationv1.Lease{}, now); s.alive(&coordinationv1.Lease{}, now) {
		t.Error("a lease of nobody is alive")
	}
}

func TestTheLeaseOfAnInstallation(t *testing.T) {
	t.Parallel()
	for want, got := range map[types.NamespacedName]types.NamespacedName{
		{Namespace: "realmkeeper-system", Name: "operator.auth.realmkeeper.io"}: LeaseOf("realmkeeper-system", ""),
		{Namespace: "shop", Name: "namespace-operator.auth.realmkeeper.io"}:     LeaseOf("realmkeeper-system", "shop"),
	} {
		if got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
}
