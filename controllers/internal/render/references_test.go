// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv/specfields"
)

// askingForAll are specs that together have every field which names a Secret or asks for
// what an installation may not allow.
func askingForAll() []string {
	return append(slices.Collect(maps.Values(cases())),
		"issuer: https://login.example.com\nimage: realmkeeper:2\nclients: {allowPrivateNetworks: true, registration: {initialAccessTokens: {name: agents}}}\n"+
			"email: {from: a@example.com, smtp: {host: smtp.example.com, allowPrivateNetworks: true}}\n"+
			"sms: {twilio: {accountSID: AC0123456789abcdef0123456789abcdef, from: '+15005550006', authTokenSecretRef: {name: twilio}}}")
}

func TestEveryReferenceToASecretIsKnown(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, spec := range askingForAll() {
		for _, ref := range render.SecretReferences(inputs(t, spec).Realm) {
			known[ref.Field] = true
		}
		if len(render.NamedPullSecrets(inputs(t, spec).Realm)) > 0 {
			known["imagePullSecrets"] = true
		}
	}
	wantFields(t, "SecretReferences", specfields.Secrets(reflect.TypeFor[v1alpha1.AuthRealmSpec]()), known)
}

func TestEverythingThatAnInstallationMayForbidIsKnown(t *testing.T) {
	t.Parallel()
	images, networks, annotations := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, spec := range askingForAll() {
		realm := inputs(t, spec).Realm
		for field := range render.ImagesAsked(realm) {
			images[field] = true
		}
		for _, field := range render.PrivateNetworksAsked(realm) {
			networks[field] = true
		}
		if len(render.AnnotationsAsked(realm)) > 0 {
			annotations["exposure.ingress.annotations"] = true
		}
	}
	realm := reflect.TypeFor[v1alpha1.AuthRealmSpec]()
	wantFields(t, "ImagesAsked", specfields.Images(realm), images)
	wantFields(t, "PrivateNetworksAsked", specfields.PrivateNetworks(realm), networks)
	wantFields(t, "AnnotationsAsked", specfields.Annotations(realm), annotations)
}

func wantFields(t *testing.T, function string, want []string, known map[string]bool) {
	t.Helper()
	if got := slices.Sorted(maps.Keys(known)); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%s knows %q, and the spec has %q", function, got, want)
	}
}

// What is called like a realm's own, or is made by its spec, no spec may name.
func TestOwnObjectsAreThoseThatAreRendered(t *testing.T) {
	t.Parallel()
	for name, spec := range cases() {
		in := inputs(t, spec)
		objects, err := render.Objects(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			own := render.OwnSecrets(in.Realm)
			switch *o.GetKind() {
			case "ConfigMap":
				own = render.OwnConfigMaps(in.Realm)
				fallthrough
			case "Secret":
				if !slices.Contains(own, *o.GetName()) {
					t.Errorf("%s: the %s %s is not known as the realm's own", name, *o.GetKind(), *o.GetName())
				}
			}
		}
	}
}

func TestNamesThatPeopleGiveTheirSecretsAreTheirs(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]bool{
		"shop-signing-keys": true, "shop-encryption-keys": true, "shop-initial-admin": true, "shop-provider-credentials": true,
		"shop-tls-cert-manager": true, "shop-tls": false, "shop-db-ca": false, "shop-database": false, "shop-cache": false, "keys": false,
	} {
		if render.NamedAsOwn(name) != own {
			t.Errorf("%s is called like a realm's own: %t", name, !own)
		}
	}
}

// A Secret that may not be named is not mounted, and what the installation does not allow
// is neither applied nor taken away.
func TestWhatMayNotBeIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	in := inputs(t, cases()["delivering"])
	before, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	in.WithoutDatabase, in.WithoutCache, in.WithoutIngress = true, true, true
	in.Unmounted = []string{"email.smtp.credentialsSecretRef"}
	after, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	if left := len(before) - len(after); left != 3 {
		t.Errorf("%d objects are left out, want the StatefulSet, the cache's Deployment and the Ingress", left)
	}
	surplus := render.Surplus(in.Realm, after)
	for _, o := range before {
		if slices.Contains(surplus, render.ReferenceTo(o)) {
			t.Errorf("%s %s is surplus though the spec asks for it", *o.GetKind(), *o.GetName())
		}
	}
	pod := serverTemplate(t, in)
	if strings.Contains(pod, "key: user") || !strings.Contains(pod, "name: smtp-ca") || !strings.Contains(pod, "name: sms") {
		t.Errorf("of the Secrets for mail and text messages, all but the credentials are to be mounted:\n%s", pod)
	}
}
