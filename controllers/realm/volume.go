// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=delete;patch
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=get

// volumeState is what is known of the managed database's volume.
type volumeState struct {
	// trouble is why there is none yet.
	trouble *conditions.Failure

	// differs says in what it is not what the spec asks for, and what to do about it.
	differs string
}

// remakeAfter is how long a claim is left that the StatefulSet of today has made and that is
// not as its template says, because a webhook, say, has a class of its own: another would be no
// different, and this one may get its volume.
const remakeAfter = time.Minute

// boundAnnotation is on a claim from the moment at which it has a volume.
const boundAnnotation = "pv.kubernetes.io/bind-completed"

// neverBound reports whether a claim has never had a volume, and so holds nothing.
func neverBound(claim *corev1.PersistentVolumeClaim) bool {
	_, bound := claim.Annotations[boundAnnotation]
	return claim.Spec.VolumeName == "" && !bound && (claim.Status.Phase == corev1.ClaimPending || claim.Status.Phase == "")
}

// databaseClaim reads the claim of the managed database, nil when there is none. Claims are
// not watched: their number is the cluster's.
func (r *reconciler) databaseClaim(ctx context.Context, realm *v1alpha1.AuthRealm) (*corev1.PersistentVolumeClaim, error) {
	name := render.NamesOf(realm).DatabaseClaim()
	claim := &corev1.PersistentVolumeClaim{}
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: name}, claim)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get volume claim %s: %w", name, err)
	}
	return claim, nil
}

// otherClaim returns a StatefulSet that was refused, and the one that is there, when the
// two make other claims. That can be changed of none.
func otherClaim(sent, answer render.Object) (want, existing *appsv1ac.StatefulSetApplyConfiguration) {
	want, ok := sent.(*appsv1ac.StatefulSetApplyConfiguration)
	existing, read := answer.(*appsv1ac.StatefulSetApplyConfiguration)
	if !ok || !read || existing == nil || existing == want || claimOf(existing) == claimOf(want) {
		return nil, nil
	}
	return want, existing
}

// storage is the size and the StorageClass of a claim. An empty class is the cluster's default.
type storage struct{ size, class string }

// claimOf is what a StatefulSet asks for in its claims.
func claimOf(set *appsv1ac.StatefulSetApplyConfiguration) storage {
	if set.Spec == nil || len(set.Spec.VolumeClaimTemplates) == 0 || set.Spec.VolumeClaimTemplates[0].Spec == nil {
		return storage{}
	}
	return storageOf(set.Spec.VolumeClaimTemplates[0].Spec)
}

func storageOf(spec *corev1ac.PersistentVolumeClaimSpecApplyConfiguration) (s storage) {
	if spec.Resources != nil && spec.Resources.Requests != nil {
		size := (*spec.Resources.Requests)[corev1.ResourceStorage]
		s.size = size.String()
	}
	if spec.StorageClassName != nil {
		s.class = *spec.StorageClassName
	}
	return s
}

// asked is what a claim asks for.
func asked(claim *corev1.PersistentVolumeClaim) storage {
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	s := storage{size: size.String()}
	if claim.Spec.StorageClassName != nil {
		s.class = *claim.Spec.StorageClassName
	}
	return s
}

// replaceClaimTemplate is for a StatefulSet that is refused because it would make other
// claims than the one that is there. That one gives way, and its pod stays, when its volume
// is what the spec asks for, or there is none: with the next pass there is another. Else
// everything but the claims is changed. It returns what is there, and why the spec's is not.
func (r *reconciler) replaceClaimTemplate(
	ctx context.Context, s *scope, want, existing *appsv1ac.StatefulSetApplyConfiguration, refused error,
) (render.Object, error) {
	realm := s.inputs.Realm
	if existing.DeletionTimestamp != nil || existing.UID == nil || existing.ResourceVersion == nil {
		return existing, refused
	}
	claim, err := r.databaseClaim(ctx, realm)
	if err != nil {
		return existing, errors.Join(refused, err)
	}
	if claim == nil || neverBound(claim) {
		return existing, r.orphan(ctx, realm, existing)
	}
	if _, fits := r.fit(ctx, realm, claim); fits {
		return existing, r.orphan(ctx, realm, existing)
	}
	kept, spec := *want, *want.Spec
	spec.VolumeClaimTemplates = existing.Spec.VolumeClaimTemplates
	kept.Spec = &spec
	return r.applier.ApplyOrRead(ctx, realm, s.versions, &kept)
}

// orphan deletes a StatefulSet and leaves its pod, which the next one takes up.
func (r *reconciler) orphan(ctx context.Context, realm *v1alpha1.AuthRealm, set *appsv1ac.StatefulSetApplyConfiguration) error {
	existing := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: realm.Namespace, Name: *set.Name}}
	err := r.Delete(ctx, existing, client.PropagationPolicy(metav1.DeletePropagationOrphan),
		client.Preconditions{UID: set.UID, ResourceVersion: set.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete StatefulSet %s, whose claims are to be others: %w", existing.Name, err)
	}
	return conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "StatefulSet %q is made again, since its volume is to be another; its pod stays", existing.Name)
}

// gatherVolume looks at the claim of the managed database when its spec says something of
// it, or the database has not run for a while. A claim that has never had a volume is taken
// away when the StatefulSet would make another; one that has grows as far as it may.
func (r *reconciler) gatherVolume(ctx context.Context, st *state) error {
	realm, set := st.inputs.Realm, st.applied.database
	lasts := !st.databaseRuns() && st.lasts(realm, v1alpha1.DatabaseReadyCondition)
	if !render.ManagesDatabase(realm) || !lasts && render.DatabaseStorage(realm) == nil {
		return nil
	}
	claim, err := r.databaseClaim(ctx, realm)
	switch {
	case err != nil || claim == nil || claim.DeletionTimestamp != nil:
		return err
	case claim.Status.Phase == corev1.ClaimLost:
		st.volume.trouble = conditions.NewFailure(v1alpha1.ReasonVolumePending, "the volume of claim %s is gone; bring it back, or restore a backup: docs/stores.md#another-volume", claim.Name)
		return nil
	case !neverBound(claim):
		st.volume.differs, _ = r.fit(ctx, realm, claim)
		return nil
	}
	class, err := r.storageClass(ctx, claim)
	if err != nil {
		return err
	}
	if set != nil && set.DeletionTimestamp == nil && !madeOfLate(claim, set, st.now) && obsolete(realm, claim, class, claimOf(set)) {
		return r.deleteUnbound(ctx, claim)
	}
	if lasts {
		why := r.lastWarning(ctx, "PersistentVolumeClaim", claim.Namespace, claim.Name, "ProvisioningFailed", "FailedBinding")
		st.volume.trouble = pendingClaim(claim, class, why)
	}
	return nil
}

// deleteUnbound takes a claim away that has never had a volume, in the version that was read.
func (r *reconciler) deleteUnbound(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	uid, version := claim.UID, claim.ResourceVersion
	err := r.Delete(ctx, claim, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete volume claim %s, which never had a volume: %w", claim.Name, err)
	}
	return nil
}

// obsolete reports whether an unbound claim was made for the realm by an earlier spec. Where
// the spec names no class, a claim has that which was the cluster's default: one of a class
// that is not, or is not there, would get another.
func obsolete(realm *v1alpha1.AuthRealm, claim *corev1.PersistentVolumeClaim, c class, template storage) bool {
	ours := render.DatabaseLabels(realm)
	maps.DeleteFunc(ours, func(label, value string) bool { return claim.Labels[label] == value })
	has := asked(claim)
	other := has.class != template.class
	if template.class == "" {
		other = has.class != "" && (c.absent || c.known && !c.isDefault)
	}
	return len(ours) == 0 && (has.size != template.size || other)
}

// madeOfLate reports whether it is the StatefulSet that is there which has made a claim, and
// not long ago.
func madeOfLate(claim *corev1.PersistentVolumeClaim, set *appsv1ac.StatefulSetApplyConfiguration, now time.Time) bool {
	made := claim.CreationTimestamp.Time
	return set.CreationTimestamp != nil && made.After(set.CreationTimestamp.Time) && now.Sub(made) < remakeAfter
}

// isDefault reports whether claims get a class that name none. Of the two annotations that
// say so, the second is from before Kubernetes 1.6 and still heeded.
func isDefault(class *storagev1.StorageClass) bool {
	return class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" ||
		class.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true"
}

// class is what is known of a claim's StorageClass.
type class struct {
	// absent is set when there is none of the name; known when there is one.
	absent, known bool

	// isDefault is set when claims get it that name none.
	isDefault bool

	// waits is set when it makes a volume only once a pod has a node.
	waits bool
}

// storageClass looks at a claim's StorageClass. An operator of one namespace may not.
func (r *reconciler) storageClass(ctx context.Context, claim *corev1.PersistentVolumeClaim) (class, error) {
	name := asked(claim).class
	if name == "" {
		return class{}, nil
	}
	found := &storagev1.StorageClass{}
	err := r.live.Get(ctx, types.NamespacedName{Name: name}, found)
	switch {
	case apierrors.IsNotFound(err):
		return class{absent: true}, nil
	case conditions.EndsPass(err):
		return class{}, fmt.Errorf("get StorageClass %s: %w", name, err)
	case err != nil:
		return class{}, nil
	}
	return class{
		known:     true,
		isDefault: isDefault(found),
		waits:     found.VolumeBindingMode != nil && *found.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer,
	}, nil
}

// pendingClaim says why a claim has no volume, nil where the pod that waits for it does.
func pendingClaim(claim *corev1.PersistentVolumeClaim, c class, why string) *conditions.Failure {
	const reason = v1alpha1.ReasonVolumePending
	name := asked(claim).class
	switch {
	case claim.Spec.StorageClassName == nil || name == "":
		return conditions.NewFailure(reason, "volume claim %s names no StorageClass, and the cluster has no default; "+
			"name one in database.managed.storage.className, and the claim is made again%s", claim.Name, lately(why))
	case c.absent:
		return conditions.NewFailure(reason, "volume claim %s waits: there is no StorageClass %q; make one, or correct database.managed.storage.className, and the claim is made again",
			claim.Name, name)
	case c.waits && why == "":
		return nil
	}
	return conditions.NewFailure(reason, "volume claim %s waits for a volume of %s of StorageClass %q%s; more: kubectl -n %s describe pvc %s",
		claim.Name, asked(claim).size, name, lately(why), claim.Namespace, claim.Name)
}

// lately introduces what an event has told.
func lately(why string) string {
	if why == "" {
		return ""
	}
	return " (lately: " + why + ")"
}

// fit lets a bound claim grow to what the spec asks for, and reports whether it asks for
// that now. It says in what the volume differs, "" for nothing.
func (r *reconciler) fit(ctx context.Context, realm *v1alpha1.AuthRealm, claim *corev1.PersistentVolumeClaim) (differs string, fits bool) {
	wants := valueOr(render.DatabaseStorage(realm), v1alpha1.Storage{})
	has := asked(claim)
	if wants.ClassName != "" && wants.ClassName != has.class {
		return fmt.Sprintf("Its volume is of StorageClass %q, which cannot be changed, and database.managed.storage.className asks for %q; "+
			"set it to %q, or move the data: docs/stores.md#another-volume", has.class, wants.ClassName, has.class), false
	}
	if wants.Size == nil {
		return "", true
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	switch wants.Size.Cmp(size) {
	case 0:
		return growing(claim), true
	case -1:
		return fmt.Sprintf("Its volume has %s, which cannot shrink, and database.managed.storage.size asks for %s; "+
			"set it to %s, or move the data: docs/stores.md#another-volume", has.size, wants.Size, has.size), false
	}
	before := claim.DeepCopy()
	claim.Spec.Resources.Requests[corev1.ResourceStorage] = *wants.Size
	err := r.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(ownership.FieldOwner))
	if err != nil {
		*claim = *before
		return fmt.Sprintf("Its volume has %s and does not grow to the %s that database.managed.storage.size asks for (%s); "+
			"set it to %s, or move the data: docs/stores.md#another-volume", has.size, wants.Size, conditions.StableMessage(err), has.size), false
	}
	return growing(claim), true
}

// growing tells of a volume that has not grown yet to what its claim asks for.
func growing(claim *corev1.PersistentVolumeClaim) string {
	has, want := claim.Status.Capacity[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if has.IsZero() || has.Cmp(want) >= 0 {
		return ""
	}
	said := fmt.Sprintf("Its volume has %s and is growing to %s", &has, &want)
	for _, c := range claim.Status.Conditions {
		if c.Status == corev1.ConditionTrue && c.Message != "" {
			said += ": " + conditions.Truncate(c.Message)
			break
		}
	}
	return said
}
