// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// networkPolicies let the realm's pods talk to those they have to do with, and
// to nobody else. The node's own probes are never subject to them.
func networkPolicies(in Inputs) []Object {
	var policies []Object
	if !in.WithoutServerPolicy {
		policies = append(policies, serverPolicy(in))
	}
	if ManagesDatabase(in.Realm) {
		policies = append(policies, storePolicy(in, NamesOf(in.Realm).Database(), database, databasePort))
	}
	if ManagesCache(in.Realm) {
		policies = append(policies, storePolicy(in, NamesOf(in.Realm).Cache(), cache, cachePorts(in)...))
	}
	return policies
}

func serverPolicy(in Inputs) *networkingv1ac.NetworkPolicyApplyConfiguration {
	wants := in.Realm.Spec.NetworkPolicy
	callers := networkingv1ac.NetworkPolicyIngressRule().WithPorts(tcp(realmconfig.APIPort)...)
	for _, peer := range wants.From {
		callers.WithFrom(configuration[networkingv1ac.NetworkPolicyPeerApplyConfiguration](peer))
	}
	spec := networkingv1ac.NetworkPolicySpec().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, server))).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
		WithIngress(callers, monitoringPeers(in)).
		WithEgress(nameServers())
	if ManagesDatabase(in.Realm) {
		spec.WithEgress(to(pods(in, database), databasePort))
	}
	if ManagesCache(in.Realm) {
		spec.WithEgress(to(pods(in, cache), cachePorts(in)...))
	}
	if ports := outgoingPorts(in); len(ports) > 0 {
		spec.WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithPorts(tcp(ports...)...))
	}
	for _, rule := range wants.To {
		spec.WithEgress(configuration[networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration](rule))
	}
	return policy(in, NamesOf(in.Realm).Server(), server, spec)
}

// monitoringPeers are who may reach the ops port: the operator, which asks pods what
// they run, and whoever else the spec lets read metrics.
func monitoringPeers(in Inputs) *networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	rule := networkingv1ac.NetworkPolicyIngressRule().
		WithPorts(tcp(realmconfig.OpsPort)...).
		WithFrom(networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(
			metav1ac.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: in.OperatorNamespace})))
	for _, peer := range in.Realm.Spec.NetworkPolicy.MetricsFrom {
		rule.WithFrom(configuration[networkingv1ac.NetworkPolicyPeerApplyConfiguration](peer))
	}
	return rule
}

// storePolicy lets the realm's auth server alone reach a store that the
// operator runs, and the store itself reach nobody.
func storePolicy(in Inputs, name, component string, ports ...int) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return policy(in, name, component, networkingv1ac.NetworkPolicySpec().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, component))).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
		WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(pods(in, server)).WithPorts(tcp(ports...)...)))
}

func policy(in Inputs, name, component string, spec *networkingv1ac.NetworkPolicySpecApplyConfiguration) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return networkingv1ac.NetworkPolicy(name, in.Realm.Namespace).
		WithLabels(labels(in.Realm, component)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(spec)
}

// nameServers may be anywhere: in the cluster's own namespace for them, on the
// node, or outside.
func nameServers() *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	const dns = 53
	return networkingv1ac.NetworkPolicyEgressRule().WithPorts(
		networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolUDP).WithPort(intstr.FromInt32(dns)),
		networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(dns)),
	)
}

func pods(in Inputs, component string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, component)))
}

func to(peer *networkingv1ac.NetworkPolicyPeerApplyConfiguration, ports ...int) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyEgressRule().WithTo(peer).WithPorts(tcp(ports...)...)
}

func tcp(ports ...int) []*networkingv1ac.NetworkPolicyPortApplyConfiguration {
	var all []*networkingv1ac.NetworkPolicyPortApplyConfiguration
	for _, p := range ports {
		all = append(all, networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt(p)))
	}
	return all
}
