// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// A realm that is open since before it had to say its emailVerification goes on,
// and whatever else it says can be changed.
func TestRealmsThatAreOpenAlreadyMayLeaveTheRestUnsaid(t *testing.T) {
	t.Parallel()
	c := plane.Client(t)
	definition, rules := earlierKind(t)
	if err := c.Create(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	realm := func(name, spec string) *unstructured.Unstructured {
		o := object(t, "AuthRealm", metav1.NamespaceDefault, name, issuer+spec)
		o.SetGroupVersionKind(schema.GroupVersionKind{Group: earlierGroup, Version: "v1alpha1", Kind: "AuthRealm"})
		return o
	}
	old := realm("old", "registration: {mode: Open}")
	eventually.Holds(t, "the kind is served", func() bool { return c.Create(t.Context(), old) == nil })

	if err := c.Get(t.Context(), client.ObjectKeyFromObject(definition), definition); err != nil {
		t.Fatal(err)
	}
	registration := registrationOf(t, definition)
	registration["x-kubernetes-validations"] = rules
	if err := c.Update(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, "a new realm must say it", func() bool {
		err := c.Create(t.Context(), realm("new", "registration: {mode: Open}"), client.DryRunAll)
		return err != nil && strings.Contains(err.Error(), "mode Open must say its emailVerification")
	})

	change := func(value any, path ...string) error {
		t.Helper()
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(old), old); err != nil {
			t.Fatal(err)
		}
		if value == nil {
			unstructured.RemoveNestedField(old.Object, path...)
		} else if err := unstructured.SetNestedField(old.Object, value, path...); err != nil {
			t.Fatal(err)
		}
		return c.Update(t.Context(), old)
	}
	for _, err := range []error{
		change(int64(3), "spec", "replicas"),
		change("72h", "spec", "registration", "verificationLifetime"),
		change("Optional", "spec", "registration", "emailVerification"),
	} {
		if err != nil {
			t.Errorf("a change was refused: %v", err)
		}
	}
	wantRefusal(t, change(nil, "spec", "registration", "emailVerification"), "mode Open must say its emailVerification")
}

// earlierGroup keeps the kind of this test from all others.
const earlierGroup = "earlier.realmkeeper.io"

// earlierKind is the kind without the rules of registration, and these rules.
func earlierKind(t *testing.T) (*unstructured.Unstructured, any) {
	t.Helper()
	document, err := os.ReadFile("../../config/crd/auth.realmkeeper.io_authrealms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	definition := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(string(document), "auth.realmkeeper.io", earlierGroup)), &definition.Object); err != nil {
		t.Fatal(err)
	}
	registration := registrationOf(t, definition)
	rules := registration["x-kubernetes-validations"]
	if rules == nil {
		t.Fatal("registration has no rules")
	}
	delete(registration, "x-kubernetes-validations")
	return definition, rules
}

// registrationOf is the schema of spec.registration, to be changed in place.
func registrationOf(t *testing.T, definition *unstructured.Unstructured) map[string]any {
	t.Helper()
	versions, found, err := unstructured.NestedFieldNoCopy(definition.Object, "spec", "versions")
	if err != nil || !found {
		t.Fatalf("versions: %t, %v", found, err)
	}
	at := versions.([]any)[0].(map[string]any)
	for _, name := range []string{"schema", "openAPIV3Schema", "properties", "spec", "properties", "registration"} {
		at = at[name].(map[string]any)
	}
	return at
}
