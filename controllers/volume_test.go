// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const claimName = "data-staff-database-0"

// on asks for a volume.
func on(class, size string) func(*v1alpha1.AuthRealmSpec) {
	return func(s *v1alpha1.AuthRealmSpec) {
		storage := &v1alpha1.Storage{ClassName: class}
		if size != "" {
			storage.Size = ptr(resource.MustParse(size))
		}
		s.Database = &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{Storage: storage}}
	}
}

// claim plays the StatefulSet's controller, and the one that binds volumes.
func (w *world) claim(class, size string, bound bool) *corev1.PersistentVolumeClaim {
	w.t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claimName, Labels: map[string]string{
			"app.kubernetes.io/name": "realmkeeper", "app.kubernetes.io/instance": realmName, "app.kubernetes.io/component": "database",
		}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
		},
	}
	if bound {
		claim.Spec.VolumeName = "a-volume"
		claim.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
	}
	w.create(claim)
	claim.Status.Phase = corev1.ClaimPending
	if bound {
		claim.Status.Phase, claim.Status.Capacity = corev1.ClaimBound, claim.Spec.Resources.Requests
	}
	if err := w.Status().Update(w.t.Context(), claim); err != nil {
		w.t.Fatal(err)
	}
	return claim
}

// readStorageClasses lets the operator look at StorageClasses, which are the cluster's.
func (w *world) readStorageClasses() {
	w.t.Helper()
	name := w.namespace + "-storage"
	w.clusterWide(
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{storagev1.GroupName}, Resources: []string{"storageclasses"}, Verbs: []string{"get"},
		}}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "realmkeeper-system", Name: "realmkeeper-operator"}},
		},
	)
}

// leave plays the controllers that let an object go: nothing that stays depends on it, and
// no pod uses it.
func (w *world) leave(o client.Object, name string) error {
	key := types.NamespacedName{Namespace: w.namespace, Name: name}
	err := w.Get(w.t.Context(), key, o)
	if apierrors.IsNotFound(err) || err == nil && o.GetDeletionTimestamp() == nil {
		return nil
	}
	if err != nil {
		return err
	}
	o.SetFinalizers(nil)
	return w.Update(w.t.Context(), o)
}

// replaced waits until there is another StatefulSet, whose claims are of a class and a size,
// and the claim is gone, or stays.
func (w *world) replaced(before types.UID, class, size string, claimGoes bool) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		set, claim := &appsv1.StatefulSet{}, &corev1.PersistentVolumeClaim{}
		if err := errors.Join(w.leave(set, "staff-database"), w.leave(claim, claimName)); err != nil {
			return err
		}
		if err := w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: "staff-database"}, set); err != nil {
			return err
		}
		template := set.Spec.VolumeClaimTemplates[0].Spec
		has := template.Resources.Requests[corev1.ResourceStorage]
		var named string
		if template.StorageClassName != nil {
			named = *template.StorageClassName
		}
		if set.UID == before || named != class || has.String() != size {
			return fmt.Errorf("StatefulSet %s makes claims of %s of %q", set.UID, &has, named)
		}
		err := w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: claimName}, claim)
		if claimGoes != apierrors.IsNotFound(err) {
			return fmt.Errorf("the claim is there: %t", err == nil)
		}
		return nil
	})
}

func TestAClaimThatWasNeverBoundIsCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.readStorageClasses()
	w.realm(on("fst", "8Gi"))
	set := &appsv1.StatefulSet{}
	w.awaitObject(set, "staff-database")
	w.claim("fst", "8Gi", false)
	w.clock.advance(time.Minute)
	w.again()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonVolumePending,
		`there is no StorageClass "fst"`, "correct database.managed.storage.className")

	w.edit(on("fast", "16Gi"))
	w.replaced(set.UID, "fast", "16Gi", true)
	w.ready(2)
}

// A class that is left out again stands for the cluster's default.
func TestAClaimOfAClassThatIsLeftOutAgainIsCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.readStorageClasses()
	w.realm(on("fst", "8Gi"))
	set := &appsv1.StatefulSet{}
	w.awaitObject(set, "staff-database")
	w.claim("fst", "8Gi", false)
	w.edit(func(s *v1alpha1.AuthRealmSpec) { s.Database = nil })
	w.clock.advance(time.Minute)
	w.again()
	w.replaced(set.UID, "", "8Gi", true)
}

// Where a webhook gives claims a class of its own, another claim would be no different.
func TestAClaimOfAWebhooksClassIsLeftToGetItsVolume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.readStorageClasses()
	class := w.namespace + "-webhooks"
	w.clusterWide(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "example.com/disks"})
	w.realm(on("", "8Gi"))
	set := &appsv1.StatefulSet{}
	w.awaitObject(set, "staff-database")
	eventually.Succeeds(t, func(context.Context) error { // API times are of whole seconds
		if !time.Now().Truncate(time.Second).After(set.CreationTimestamp.Time) {
			return fmt.Errorf("the StatefulSet was made in this second")
		}
		return nil
	})
	claim := w.claim(class, "8Gi", false)
	w.again()
	w.settle()
	after := &corev1.PersistentVolumeClaim{}
	w.get(after, claimName)
	if after.UID != claim.UID || after.DeletionTimestamp != nil {
		t.Error("the claim was taken away")
	}
	w.clock.advance(time.Hour) // the default may have been another one when it was made
	w.again()
	eventually.Succeeds(t, func(context.Context) error {
		if w.get(after, claimName); after.DeletionTimestamp == nil {
			return fmt.Errorf("the claim stays for ever")
		}
		return nil
	})
}

func TestWhatAClaimWaitsForIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	class := w.namespace + "-full"
	w.clusterWide(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "example.com/disks"})
	w.realm(on(class, "8Gi"))
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	w.claim(class, "8Gi", false)
	w.warn("PersistentVolumeClaim", claimName, "ProvisioningFailed", "the cloud has no disks left")
	w.clock.advance(time.Minute)
	w.again()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonVolumePending,
		"8Gi of StorageClass", class, "the cloud has no disks left", "describe pvc "+claimName)
}

func TestABoundClaimIsNeverTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(on("slow", "8Gi"))
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	claim := w.claim("slow", "8Gi", true)
	w.ready(2)
	set := &appsv1.StatefulSet{}
	w.get(set, "staff-database")
	for change, says := range map[[2]string]string{
		{"fast", "8Gi"}: `of StorageClass "slow", which cannot be changed`,
		{"slow", "4Gi"}: "has 8Gi, which cannot shrink",
		{"slow", "9Gi"}: "does not grow to the 9Gi that database.managed.storage.size asks for",
	} {
		w.edit(func(s *v1alpha1.AuthRealmSpec) {
			on(change[0], change[1])(s)
			s.Database.Managed.Image = "postgres:" + change[1] + change[0]
		})
		w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonVolumeDiffers, says, "docs/stores.md#another-volume")
		w.await(v1alpha1.ResourcesAppliedCondition, metav1.ConditionTrue, v1alpha1.ReasonApplied)
		after := &appsv1.StatefulSet{}
		w.get(after, "staff-database")
		if image := after.Spec.Template.Spec.Containers[0].Image; after.UID != set.UID || image != "postgres:"+change[1]+change[0] {
			t.Errorf("StatefulSet %s became %s, with image %s", set.UID, after.UID, image)
		}
	}
	w.edit(on("slow", "8Gi"))
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	after := &corev1.PersistentVolumeClaim{}
	w.get(after, claimName)
	if after.UID != claim.UID || after.DeletionTimestamp != nil {
		t.Error("the claim was taken away")
	}
}

func TestAVolumeThatWasRetainedWithAnotherSizeIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm(on("slow", "4Gi"))
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	w.claim("slow", "8Gi", true)
	w.ready(2)
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonVolumeDiffers, "has 8Gi", "asks for 4Gi", "set it to 8Gi")
	w.wantStill()
}

func TestAVolumeGrowsWhereItsClassLetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	class := w.namespace + "-grows"
	w.clusterWide(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "example.com/disks", AllowVolumeExpansion: ptr(true)})
	w.realm(on(class, "8Gi"))
	w.awaitObject(&appsv1.StatefulSet{}, "staff-database")
	claim := w.claim(class, "8Gi", true)
	w.ready(2)
	set := &appsv1.StatefulSet{}
	w.get(set, "staff-database")

	w.edit(on(class, "20Gi"))
	w.replaced(set.UID, class, "20Gi", false)
	w.runDatabase()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonVolumeDiffers, "has 8Gi and is growing to 20Gi")
	grown := &corev1.PersistentVolumeClaim{}
	w.get(grown, claimName)
	if grown.UID != claim.UID {
		t.Error("there is another claim")
	}
	grown.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("20Gi")}
	if err := w.Status().Update(t.Context(), grown); err != nil {
		t.Fatal(err)
	}
	w.again()
	w.await(v1alpha1.DatabaseReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
