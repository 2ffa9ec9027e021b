// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// A cache that has not heard of a change yet must not have it be told as what was written: it
// would be taken for the client secret from then on.
func TestWhatTheCacheDoesNotKnowIsNotTakenForWritten(t *testing.T) {
	t.Parallel()
	k8s, namespace := plane.Client(t), plane.Namespace(t)
	realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
	const name = "staff-provider-credentials"
	rendered := func() *corev1ac.SecretApplyConfiguration {
		return render.Generated(realm, name, corev1.SecretTypeOpaque, map[string][]byte{"google": []byte("the client secret")})
	}
	cache := &frozen{Client: k8s}
	applier := apply.New(cache, k8s, ownership.NewOwn(k8s, k8s), time.Now)
	if err := applier.ApplySecret(t.Context(), realm, secrets.Versions{}, rendered()); err != nil {
		t.Fatal(err)
	}
	s := &corev1.Secret{}
	if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, s); err != nil {
		t.Fatal(err)
	}
	cache.known = s.ObjectMeta
	s.Data["google"] = []byte("somebody else's")
	if err := k8s.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	versions := secrets.Versions{}
	versions.Note(s)
	if err := applier.ApplySecret(t.Context(), realm, versions, rendered()); err != nil {
		t.Fatal(err)
	}
	if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(s), s); err != nil {
		t.Fatal(err)
	}
	if source := versions.Source(name, "google", []byte("the client secret"), "1"); source != "" && string(s.Data["google"]) != "the client secret" {
		t.Errorf("%q is told to be the client secret", s.Data["google"])
	}
}

// frozen is a cache that hears nothing.
type frozen struct {
	client.Client
	known metav1.ObjectMeta
}

func (f *frozen) Get(ctx context.Context, name client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if metadata, ok := o.(*metav1.PartialObjectMetadata); ok && f.known.Name != "" {
		metadata.ObjectMeta = *f.known.DeepCopy()
		return nil
	}
	return f.Client.Get(ctx, name, o, options...)
}
