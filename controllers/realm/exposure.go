// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// exposed says whether what exposure asks for leads to the realm. An Ingress has
// no word for being taken up: that one is there is all that can be known.
func exposed(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.ExposedCondition
	wants := realm.Spec.Exposure
	if wants == nil {
		return conditions.True(kind, v1alpha1.ReasonNotRequested, "exposure asks for nothing: the realm is reached at its Service")
	}
	var ways []string
	if wants.Gateway != nil {
		if failure := st.missingKind("exposure.gateway", "the Gateway API", render.RouteKinds()...); failure != nil {
			return failure.False(kind)
		}
		if st.applied.routes() == nil {
			return blocked(kind)
		}
		if problem := st.applied.gatewayProblem(wants.Gateway.ParentRefs); problem != "" {
			return conditions.False(kind, v1alpha1.ReasonNotAccepted, "%s", problem)
		}
		ways = append(ways, fmt.Sprintf("%d Gateways take its route", len(wants.Gateway.ParentRefs)))
	}
	if wants.Ingress != nil {
		if st.ingress != nil {
			return st.ingress.False(kind)
		}
		if st.applied.ingress == nil {
			return blocked(kind)
		}
		ways = append(ways, "its Ingress "+ingressAddress(st.applied))
	}
	return conditions.True(kind, v1alpha1.ReasonExposed, "%s leads to the realm: %s", render.Host(realm), strings.Join(ways, ", "))
}

// routes are the objects of the Gateway API, nil unless each was applied.
func (a applied) routes() []*render.Custom {
	var all []*render.Custom
	for _, kind := range render.RouteKinds() {
		o := a.custom[kind]
		if o == nil {
			return nil
		}
		all = append(all, o)
	}
	return all
}

// gatewayProblem says what stands between the realm and one of the Gateways, or "".
// What is said of Gateways that the spec names no longer does not count.
func (a applied) gatewayProblem(gateways []v1alpha1.GatewayRef) string {
	var all []parentStatus
	for _, o := range a.routes() {
		all = append(all, parentStatuses(o)...)
	}
	for _, g := range gateways {
		taken := false
		for _, p := range all {
			if !p.isFor(g) {
				continue
			}
			if c := p.refusal(); c != nil {
				return fmt.Sprintf("Gateway %q: %s of the %s is False: %s", g.Name, c.Type, p.kind, conditions.Truncate(c.Message))
			}
			taken = taken || p.kind == render.RouteKinds()[0].Kind
		}
		if !taken {
			return fmt.Sprintf("Gateway %q: no controller has taken the route up; is there such a Gateway?", g.Name)
		}
	}
	return ""
}

// parentStatus is what one controller says of a route or a policy for one Gateway.
type parentStatus struct {
	gateway    gateway
	conditions []metav1.Condition

	// kind and namespace are those of the route or the policy.
	kind, namespace string
}

type gateway struct {
	Name        string `json:"name"`
	Namespace   string `json:"namespace"`
	SectionName string `json:"sectionName"`
	Port        int32  `json:"port"`
}

// isFor reports whether the status is about a Gateway as the spec names it. One
// about a policy need not name the listener.
func (p parentStatus) isFor(g v1alpha1.GatewayRef) bool {
	same := p.gateway.Name == g.Name && cmp.Or(p.gateway.Namespace, p.namespace) == cmp.Or(g.Namespace, p.namespace)
	if p.gateway.SectionName == "" && p.gateway.Port == 0 && p.kind != render.RouteKinds()[0].Kind {
		return same
	}
	return same && p.gateway.SectionName == g.SectionName && p.gateway.Port == valueOrZero(g.Port)
}

// refusal is the condition that says no, nil when none does.
func (p parentStatus) refusal() *metav1.Condition {
	for _, c := range p.conditions {
		if (c.Type == "Accepted" || c.Type == "ResolvedRefs") && c.Status == metav1.ConditionFalse {
			return &c
		}
	}
	return nil
}

// parentStatuses are those about the object as it is now.
func parentStatuses(o *render.Custom) []parentStatus {
	var status struct {
		Parents []struct {
			Gateway    gateway            `json:"parentRef"`
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"parents"`
		Ancestors []struct {
			Gateway    gateway            `json:"ancestorRef"`
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"ancestors"`
	}
	o.Status(&status)
	var all []parentStatus
	add := func(about gateway, conditions []metav1.Condition) {
		stale := func(c metav1.Condition) bool { return c.ObservedGeneration < o.Content.GetGeneration() }
		if !slices.ContainsFunc(conditions, stale) {
			all = append(all, parentStatus{about, conditions, *o.GetKind(), *o.GetNamespace()})
		}
	}
	for _, p := range status.Parents {
		add(p.Gateway, p.Conditions)
	}
	for _, a := range status.Ancestors {
		add(a.Gateway, a.Conditions)
	}
	return all
}

func ingressAddress(a applied) string {
	if a.ingress.Status != nil && a.ingress.Status.LoadBalancer != nil {
		for _, i := range a.ingress.Status.LoadBalancer.Ingress {
			switch {
			case i.IP != nil && *i.IP != "":
				return "at " + *i.IP
			case i.Hostname != nil && *i.Hostname != "":
				return "at " + *i.Hostname
			}
		}
	}
	return "whose controller tells no address"
}

// certManagerProblem is what a certificate's own condition Ready says when it is False.
func certManagerProblem(order *render.Custom) string {
	var status struct {
		Conditions []metav1.Condition `json:"conditions"`
	}
	if order == nil {
		return ""
	}
	order.Status(&status)
	for _, c := range status.Conditions {
		if c.Type == "Ready" && c.Status == metav1.ConditionFalse {
			return conditions.Truncate(c.Message)
		}
	}
	return ""
}

// monitored says whether what monitoring asks for is there.
func monitored(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.MonitoredCondition
	wants := realm.Spec.Monitoring
	if wants == nil {
		return conditions.True(kind, v1alpha1.ReasonNotRequested, "monitoring asks for nothing")
	}
	for _, custom := range render.CustomKindsWanted(realm) {
		if !slices.Contains(render.MonitoringKinds(), custom) {
			continue
		}
		if failure := st.missingKind("monitoring", "the Prometheus operator", custom); failure != nil {
			return failure.False(kind)
		}
		if st.applied.custom[custom] == nil {
			return blocked(kind)
		}
	}
	return conditions.True(kind, v1alpha1.ReasonMonitored, "Everything that monitoring asks for is there")
}
