// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// belongs reports whether an object is the realm's: controlled by it, or
// controlled by nobody and marked as the realm's own. The latter are Secrets
// that outlived an earlier realm of the name.
func belongs(realm *v1alpha1.AuthRealm, o metav1.Object) bool {
	if controller := metav1.GetControllerOf(o); controller != nil {
		return controller.UID == realm.UID
	}
	return render.RealmOf(o.GetLabels()) == realm.Name
}

// ofARealm reports whether a realm controls an object, whatever its labels say.
func ofARealm(o metav1.Object) bool {
	c := metav1.GetControllerOf(o)
	return c != nil && c.Kind == "AuthRealm" && strings.HasPrefix(c.APIVersion, v1alpha1.GroupName+"/")
}

// mine returns a failure unless the object, which exists, may be written to.
func mine(realm *v1alpha1.AuthRealm, kind string, o metav1.Object) error {
	switch {
	case !belongs(realm, o):
		return conditions.NewFailure(v1alpha1.ReasonNameTaken, "%s %q is needed and %s", kind, o.GetName(), notMine(realm, kind, o))
	case o.GetDeletionTimestamp() == nil:
		return nil
	case o.GetName() == render.NamesOf(realm).EncryptionKeys():
		return conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "%s %q is being deleted, and nothing else opens what it seals; save it while it is there: "+
			"kubectl -n %s get secret %s -o yaml > %s.yaml", kind, o.GetName(), realm.Namespace, o.GetName(), o.GetName())
	}
	return conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "%s %q is being deleted; it is made again when it is gone", kind, o.GetName())
}

// notMine says whose an object is, as far as can be seen, and what is safe to do
// about it. Secrets hold keys, and a database's StatefulSet may take its volume
// along: nobody is told to delete one.
func notMine(realm *v1alpha1.AuthRealm, kind string, o metav1.Object) string {
	const rename = "name the realm differently"
	c := metav1.GetControllerOf(o)
	switch {
	case c == nil:
	case ofARealm(o) && c.Name == realm.Name:
		// A backup that was restored with its owner is one of these as well.
		return fmt.Sprintf("belongs to an earlier realm of the name, with which it goes; if it is to stay, take its owner away: "+
			`kubectl -n %s patch %s %s --type=json -p '[{"op":"remove","path":"/metadata/ownerReferences"}]'`,
			realm.Namespace, strings.ToLower(kind), o.GetName())
	default:
		return fmt.Sprintf("belongs to %s %q; %s", c.Kind, c.Name, rename)
	}
	if name := o.GetLabels()[render.RealmLabel]; name != "" {
		return fmt.Sprintf("is marked as that of the realm %q; %s", name, rename)
	}
	switch kind {
	case "Secret":
		return fmt.Sprintf("is not marked as this realm's; if it is, mark it: kubectl -n %s label secret %s %s=%s; if it is somebody else's, %s",
			realm.Namespace, o.GetName(), render.RealmLabel, realm.Name, rename)
	case "StatefulSet":
		return "belongs to somebody else; " + rename
	}
	return "belongs to somebody else; delete it, or " + rename
}

// metadata reads what is known of an object: from the cache, and where the
// cache knows nothing from the API server, because what exists must not be
// taken over by mistake. It returns nil when there is no such object.
func (r *reconciler) metadata(ctx context.Context, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	if o, err := r.cached(ctx, namespace, ref); o != nil || err != nil {
		return o, err
	}
	return metadataFrom(ctx, r.live, namespace, ref)
}

// watchBegins is how long the watch of a kind may take to begin. That of a kind
// which has just gone never does.
const watchBegins = 10 * time.Second

// cached is metadata as far as the cache goes.
func (r *reconciler) cached(ctx context.Context, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	ctx, cancel := context.WithTimeout(ctx, watchBegins)
	defer cancel()
	o, err := metadataFrom(ctx, r.Client, namespace, ref)
	var unwatched *cache.ErrResourceNotCached
	if errors.As(err, &unwatched) {
		return nil, nil // of a kind that has gone meanwhile
	}
	return o, err
}

func metadataFrom(ctx context.Context, from client.Reader, namespace string, ref render.Reference) (*metav1.PartialObjectMetadata, error) {
	o := metadataOf(ref.Kind)
	err := from.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, o)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get %s %s: %w", ref.Kind.Kind, ref.Name, err)
	}
	return o, nil
}
