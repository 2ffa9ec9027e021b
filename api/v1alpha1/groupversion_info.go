// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of Realmkeeper.
//
// Everything in an AuthRealm's spec is optional but its issuer. The schema holds
// no defaults: an absent field stays absent in the stored object, and the
// operator fills it in when it renders. A default can so improve with a release
// without a write to anybody's object, and what a manifest says is what
// `kubectl get -o yaml` shows.
//
// What one object can decide by itself is refused by the API server, with CEL
// rules in the words of the field names. What depends on other objects is
// reported in the status' conditions.
//
// References never cross namespaces, but for an OAuthClient's to its realm, which says
// from where it may come.
//
// +kubebuilder:object:generate=true
// +groupName=auth.realmkeeper.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every kind of Realmkeeper.
const GroupName = "auth.realmkeeper.io"

// GroupVersion is the group and version of the kinds in this package.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

// AddToScheme makes the kinds of this package known to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &AuthRealm{}, &AuthRealmList{}, &OAuthProvider{}, &OAuthProviderList{}, &OAuthClient{}, &OAuthClientList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
