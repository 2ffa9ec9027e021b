// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Reference names an object in the realm's namespace.
type Reference struct {
	Kind schema.GroupVersionKind
	Name string
}

// ReferenceTo names a rendered object.
func ReferenceTo(o Object) Reference {
	return Reference{Kind: schema.FromAPIVersionAndKind(*o.GetAPIVersion(), *o.GetKind()), Name: *o.GetName()}
}

// Surplus names what an earlier spec of the realm may have made and these
// objects no longer hold: a managed store when the user brings one, say.
func Surplus(realm *v1alpha1.AuthRealm, objects []Object) []Reference {
	names := NamesOf(realm)
	secret, config, service := corev1.SchemeGroupVersion.WithKind("Secret"),
		corev1.SchemeGroupVersion.WithKind("ConfigMap"), corev1.SchemeGroupVersion.WithKind("Service")
	policy := networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy")
	optional := []Reference{
		{certificateKind, names.Server()},
		{autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), names.Server()},
		{policy, names.Database()},
		{policy, names.Cache()},
		{httpRouteKind, names.Server()},
		{backendTLSPolicyKind, names.Server()},
		{podMonitorKind, names.Server()},
		{prometheusRuleKind, names.Server()},
		{config, names.Dashboard()},
	}
	// What the spec asks for stays, though it may not be rendered now.
	if !ManagesDatabase(realm) {
		optional = append(optional, Reference{appsv1.SchemeGroupVersion.WithKind("StatefulSet"), names.Database()},
			Reference{service, names.Database()}, Reference{secret, names.Database()})
	}
	if !ManagesCache(realm) {
		optional = append(optional, Reference{appsv1.SchemeGroupVersion.WithKind("Deployment"), names.Cache()},
			Reference{service, names.Cache()}, Reference{secret, names.Cache()})
	}
	if !ManagesDatabase(realm) && !ManagesCache(realm) {
		optional = append(optional, Reference{secret, names.StoresAuthority()})
	}
	if !OwnsCertificate(realm) {
		optional = append(optional,
			Reference{secret, names.Certificate()}, Reference{secret, names.Authority()}, TrustBundle(realm))
	}
	if e := realm.Spec.Exposure; e == nil || e.Ingress == nil {
		optional = append(optional, Reference{networkingv1.SchemeGroupVersion.WithKind("Ingress"), names.Server()})
	}
	if realm.Spec.NetworkPolicy == nil {
		optional = append(optional, Reference{policy, names.Server()})
	}
	if !OrdersCertificate(realm) {
		// After the order itself: cert-manager would make it again.
		optional = append(optional, Reference{secret, names.OrderedCertificate()})
	}
	return slices.DeleteFunc(optional, func(r Reference) bool {
		return slices.ContainsFunc(objects, func(o Object) bool { return ReferenceTo(o) == r })
	})
}

// TrustBundle names what clients of the realm trust.
func TrustBundle(realm *v1alpha1.AuthRealm) Reference {
	return Reference{corev1.SchemeGroupVersion.WithKind("ConfigMap"), NamesOf(realm).TrustBundle()}
}

// NamesToWatch are the names of every object, of whatever kind, that a realm
// makes or reads. A change of one of them concerns the realm.
func NamesToWatch(realm *v1alpha1.AuthRealm) []string {
	n := NamesOf(realm)
	names := []string{
		n.Server(), n.ServiceAccount(), n.Config(), n.SigningKeys(), n.EncryptionKeys(), n.InitialAdmin(),
		n.ProviderCredentials(), n.Authority(), n.StoresAuthority(), n.Certificate(), n.Database(), n.Cache(), n.OrderedCertificate(), n.Dashboard(),
	}
	for _, secret := range SecretReferences(realm) {
		names = append(names, secret.Name)
	}
	names = append(names, NamedPullSecrets(realm)...)
	if logo := LogoFrom(realm); logo != nil {
		names = append(names, logo.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Generated is a Secret whose content was made just now, as it is applied from then on. It
// has its owner from the beginning: a realm may be deleted before anything else is applied.
func Generated(realm *v1alpha1.AuthRealm, name string, kind corev1.SecretType, data map[string][]byte) *corev1ac.SecretApplyConfiguration {
	return keptWithData(realm, secret(realm, name, server, data).WithType(kind))
}
