// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

func TestARealmBehindAnUnnamedProxySaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named   []string
		seen    [][]string // by each pod
		because string     // what stands before the line, up to the comma
		line    string     // empty when the condition is True
	}{
		"none": {},
		"one gateway": {
			seen: [][]string{{"10.244.0.7"}, {"10.244.0.7"}}, because: "come through 10.244.0.7/32,", line: "network: {trustedProxies: [10.244.0.7/32]}",
		},
		"two pods of it on a node": {
			seen: [][]string{{"10.244.0.7"}, {"10.244.0.4"}}, line: "network: {trustedProxies: [10.244.0.4/30]}",
		},
		"pods on different nodes": {
			seen: [][]string{{"10.244.0.7", "10.244.9.7"}}, line: "network: {trustedProxies: [10.244.0.7/32, 10.244.9.7/32]}",
		},
		"over IPv6": {
			seen: [][]string{{"fd12::7", "100.64.0.1"}}, line: "network: {trustedProxies: [100.64.0.1/32, fd12::7/128]}",
		},
		"beside one that is named": {
			named: []string{"192.0.2.7/32"}, seen: [][]string{{"10.244.0.7"}}, line: "network: {trustedProxies: [192.0.2.7/32, 10.244.0.7/32]}",
		},
		"named, and on its way to the pods": {named: []string{"10.244.0.0/16"}, seen: [][]string{{"10.244.0.7"}}},
		"what is no private address": {
			seen: [][]string{{"203.0.113.7", "127.0.0.1", "169.254.169.254", "<b>call 0900</b>", "10.0.0.1/8", "fd00::1%call", "", "::"}},
		},
	} {
		st, realm := healthy(t), testRealm()
		if c.named != nil {
			realm.Spec.Network = &v1alpha1.Network{TrustedProxies: c.named}
		}
		for i, seen := range c.seen {
			st.pods[i].Report.UnnamedProxies = seen
		}
		got := proxiesNamed(realm, st)
		switch {
		case c.line == "" && got.Status != metav1.ConditionTrue:
			t.Errorf("%s: %+v", name, got)
		case c.line != "" && (got.Reason != v1alpha1.ReasonUnnamedProxy || !strings.HasSuffix(got.Message, c.line) || !strings.Contains(got.Message, c.because)):
			t.Errorf("%s: %+v", name, got)
		}
		realm.Status = statusOf(realm, st)
		if ready := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ReadyCondition); ready.Status != metav1.ConditionTrue {
			t.Errorf("%s: Ready is %+v", name, ready)
		}
	}
}

// A pod that does not answer for a moment takes nothing back that it has seen.
func TestAnUnnamedProxyStaysToldWhileAPodIsSilent(t *testing.T) {
	t.Parallel()
	st, realm := healthy(t), testRealm()
	st.pods[0].Report.UnnamedProxies = []string{"10.244.0.7"}
	realm.Status = statusOf(realm, st)
	told := *meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ProxiesNamedCondition)
	st.pods[0].Answered, st.pods[0].Report.UnnamedProxies = false, nil
	if got := proxiesNamed(realm, st); got != told {
		t.Errorf("it says %+v", got)
	}
	st.pods[0].Answered = true
	if got := proxiesNamed(realm, st); got.Status != metav1.ConditionTrue {
		t.Errorf("it says %+v", got)
	}
	st.podsUnknown = conditions.NewFailure(v1alpha1.ReasonFailed, "list pods: no")
	if got := proxiesNamed(realm, st); got.Status != metav1.ConditionUnknown {
		t.Errorf("it says %+v", got)
	}
}
