// SPDX-License-Identifier: Apache-2.0

package render

import (
	"maps"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// The fields that name container images.
const (
	ServerImageField   = "image"
	DatabaseImageField = "database.managed.image"
	CacheImageField    = "cache.managed.image"
)

// ImagesAsked are the images that the realm's spec names and that are to run, by field.
func ImagesAsked(realm *v1alpha1.AuthRealm) map[string]string {
	asked := map[string]string{ServerImageField: realm.Spec.Image}
	if ManagesDatabase(realm) {
		asked[DatabaseImageField] = managedDatabase(realm).Image
	}
	if ManagesCache(realm) {
		asked[CacheImageField] = managedCache(realm).Image
	}
	maps.DeleteFunc(asked, func(_, image string) bool { return image == "" })
	return asked
}

// PrivateNetworksAsked are the fields of the realm's spec by which its pods would connect
// to private addresses.
func PrivateNetworksAsked(realm *v1alpha1.AuthRealm) []string {
	var fields []string
	if e := realm.Spec.Email; e != nil && e.SMTP.AllowPrivateNetworks {
		fields = append(fields, "email.smtp.allowPrivateNetworks")
	}
	if s := realm.Spec.SMS; s != nil && s.AllowPrivateNetworks {
		fields = append(fields, "sms.allowPrivateNetworks")
	}
	if t := realm.Spec.Tracing; t != nil && t.AllowPrivateNetworks {
		fields = append(fields, "tracing.allowPrivateNetworks")
	}
	if c := realm.Spec.Clients; c != nil && c.AllowPrivateNetworks {
		fields = append(fields, "clients.allowPrivateNetworks")
	}
	return fields
}

// AnnotationsAsked are the names of the annotations that the realm's Ingress is to have.
func AnnotationsAsked(realm *v1alpha1.AuthRealm) []string {
	if e := realm.Spec.Exposure; e != nil && e.Ingress != nil {
		return slices.Sorted(maps.Keys(e.Ingress.Annotations))
	}
	return nil
}
