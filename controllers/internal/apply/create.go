// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// noVersion is a resource version that no object of a realm has: it is that of a store in
// which nothing was written yet. Server-side apply makes an object that is not there
// whatever version is asked for, and answers with a conflict where there is one of another.
const noVersion = "1"

// Create makes an object where there is none, and writes to none that exists: nothing is
// taken over by mistake, however much happens at once. It becomes what the API server
// answered. The error is conditions.IsConflict where there is an object of the name.
func (a *Applier) Create(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) error {
	want, err := wantedOf(o)
	if err != nil {
		return err
	}
	err = a.create(ctx, realm, o, want, "made")
	if !conditions.IsConflict(err) {
		return err
	}
	// A quota that others use up at the same time answers with a conflict as well, and so may
	// an API server that takes a version for no object that is yet to be made.
	existing, readErr := a.LiveMetadata(ctx, realm.Namespace, render.ReferenceTo(o))
	if existing != nil || readErr != nil {
		return errors.Join(err, readErr)
	}
	return a.post(ctx, realm, o, want)
}

// create is Create by server-side apply alone. Its refusal says what could not be done.
func (a *Applier) create(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, want wanted, done string) error {
	if want.secret {
		if err := a.own.CheckUnmounted(ctx, realm, *o.GetName()); err != nil {
			return err
		}
	}
	render.SetVersion(o, noVersion)
	if err := a.send(ctx, o); err != nil {
		render.SetVersion(o, "")
		if strings.Contains(err.Error(), "resourceVersion") { // which others may not take for what is to be made
			return conflict(o, err)
		}
		return a.refusal(ctx, o, done, err)
	}
	return a.remember(realm, o, want)
}

// post is Create by a request that every API server answers. What it makes counts as applied
// from then on: server-side apply takes nothing away that was written otherwise.
func (a *Applier) post(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object, want wanted) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return fmt.Errorf("make %s %s: %w", *o.GetKind(), *o.GetName(), err)
	}
	made := &unstructured.Unstructured{Object: content}
	err = a.client.Create(ctx, made, client.FieldOwner(ownership.FieldOwner))
	if apierrors.IsAlreadyExists(err) {
		err = conflict(o, err)
	}
	if err != nil {
		return a.refusal(ctx, o, "made", err)
	}
	applied, err := csaupgrade.UpgradeManagedFieldsPatch(made, sets.New(ownership.FieldOwner), ownership.FieldOwner)
	if err != nil {
		return fmt.Errorf("take %s %s for applied: %w", *o.GetKind(), *o.GetName(), err)
	}
	if len(applied) > 0 {
		err = a.client.Patch(ctx, made, client.RawPatch(types.JSONPatchType, applied), client.FieldOwner(ownership.FieldOwner))
	}
	if err != nil {
		return a.refusal(ctx, o, "written", err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(made.Object, o); err != nil {
		return fmt.Errorf("read %s %s: %w", *o.GetKind(), *o.GetName(), err)
	}
	return a.remember(realm, o, want)
}

func conflict(o render.Object, err error) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: *o.GetKind()}, *o.GetName(), err)
}

// isNew reports whether nothing is known of an object that the cache does not have: none was
// applied or read. There may be one all the same.
func (a *Applier) isNew(realm *v1alpha1.AuthRealm, o render.Object) bool {
	return render.Version(o) == "" && !a.applied.knows(client.ObjectKeyFromObject(realm), render.ReferenceTo(o))
}
