// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Of several clients that declare a resource, it is that of the oldest: none may take one up
// after it was created.
func TestAResourceIsSaidWhenItsClientIsCreated(t *testing.T) {
	t.Parallel()
	c := plane.Client(t)
	const mcp = "https://mcp.example.com/mcp"
	kept := object(t, "OAuthClient", metav1.NamespaceDefault, "resource-kept", with(web, resource(mcp)))
	late := object(t, "OAuthClient", metav1.NamespaceDefault, "resource-late", web)
	for _, o := range []*unstructured.Unstructured{kept, late} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	patched := func(o *unstructured.Unstructured, spec string) error {
		return c.Patch(t.Context(), o.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"spec":`+spec+`}`)))
	}
	for name, change := range map[string]struct {
		o    *unstructured.Unstructured
		spec string
	}{
		"of a client that had none": {late, `{"protectedResource":{"resource":"` + mcp + `"}}`},
		"another one":               {kept, `{"protectedResource":{"resource":"https://other.example.com/mcp"}}`},
		"of another realm":          {kept, `{"realmRef":{"name":"another"}}`},
	} {
		if err := patched(change.o, change.spec); err == nil || !strings.Contains(err.Error(), "said when the OAuthClient is created") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, spec := range []string{`{"protectedResource":{"scopes":["mcp:tools"]}}`, `{"displayName":"Notes"}`, `{"protectedResource":null}`} {
		if err := patched(kept, spec); err != nil {
			t.Errorf("%s is refused: %v", spec, err)
		}
	}
	if err := patched(late, `{"displayName":"Late"}`); err != nil {
		t.Error(err)
	}
}
