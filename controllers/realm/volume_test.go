// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// pending is a claim of 8Gi that has never had a volume.
func pending(class string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "data", Labels: render.DatabaseLabels(testRealm())},
		Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}
	if class != "" {
		claim.Spec.StorageClassName = &class
	}
	return claim
}

func TestWhichClaimsAreObsolete(t *testing.T) {
	t.Parallel()
	strangers := pending("fast")
	delete(strangers.Labels, "app.kubernetes.io/instance")
	for name, c := range map[string]struct {
		claim    *corev1.PersistentVolumeClaim
		class    class
		template storage
		want     bool
	}{
		"one as it should be":                 {pending("fast"), class{}, storage{"8Gi", "fast"}, false},
		"one of another class":                {pending("fst"), class{}, storage{"8Gi", "fast"}, true},
		"one of another size":                 {pending("fast"), class{}, storage{"16Gi", "fast"}, true},
		"somebody else's":                     {strangers, class{}, storage{"16Gi", "slow"}, false},
		"one of the default class":            {pending("fast"), class{known: true, isDefault: true}, storage{"8Gi", ""}, false},
		"one of a class that is not default":  {pending("slow"), class{known: true}, storage{"8Gi", ""}, true},
		"one of a class that is not there":    {pending("fst"), class{absent: true}, storage{"8Gi", ""}, true},
		"one of a class that nobody may read": {pending("fst"), class{}, storage{"8Gi", ""}, false},
		"one where there is no default":       {pending(""), class{}, storage{"8Gi", ""}, false},
	} {
		if got := obsolete(testRealm(), c.claim, c.class, c.template); got != c.want {
			t.Errorf("%s: obsolete is %t", name, got)
		}
	}
}

// A webhook may give every claim a class of its own: taken away with every pass, none of them
// would live long enough to get a volume.
func TestAClaimThatWouldBeNoDifferentIsGivenTime(t *testing.T) {
	t.Parallel()
	set := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	template := appsv1ac.StatefulSet("staff-database", "ns").WithCreationTimestamp(metav1.NewTime(set))
	for name, c := range map[string]struct {
		made, now time.Duration // after the StatefulSet
		want      bool
	}{
		"one of an earlier StatefulSet":         {-time.Hour, time.Second, false},
		"one of this one":                       {time.Second, 2 * time.Second, true},
		"one of this one that has had its time": {time.Second, 2 * time.Minute, false},
	} {
		claim := pending("webhook")
		claim.CreationTimestamp = metav1.NewTime(set.Add(c.made))
		if got := madeOfLate(claim, template, set.Add(c.now)); got != c.want {
			t.Errorf("%s: it is made of late: %t", name, got)
		}
	}
}

func TestWhichClassesAreTheDefault(t *testing.T) {
	t.Parallel()
	for annotation, want := range map[string]bool{
		"storageclass.kubernetes.io/is-default-class": true, "storageclass.beta.kubernetes.io/is-default-class": true, "note": false,
	} {
		class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotation: "true"}}}
		if isDefault(class) != want {
			t.Errorf("with %s, it is the default: %t", annotation, !want)
		}
	}
}

func TestOnlyAClaimThatNeverHadAVolumeHoldsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*corev1.PersistentVolumeClaim)
		want   bool
	}{
		"one that was just made":         {func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = "" }, true},
		"one that waits":                 {func(*corev1.PersistentVolumeClaim) {}, true},
		"one that has a volume":          {func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimBound }, false},
		"one that has lost its volume":   {func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }, false},
		"one that was promised a volume": {func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "v" }, false},
		"one that was bound": {func(c *corev1.PersistentVolumeClaim) {
			c.Annotations = map[string]string{boundAnnotation: "yes"}
		}, false},
	} {
		claim := pending("fast")
		c.change(claim)
		if got := neverBound(claim); got != c.want {
			t.Errorf("%s: never bound is %t", name, got)
		}
	}
}

func TestWhyAClaimHasNoVolume(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim *corev1.PersistentVolumeClaim
		class class
		why   string
		want  string // "" where the pod tells
	}{
		"there is no such class":     {pending("fst"), class{absent: true}, "", `there is no StorageClass "fst"`},
		"there is no default class":  {pending(""), class{}, "no class is set", "the cluster has no default; name one in database.managed.storage.className"},
		"the cloud has no disks":     {pending("fast"), class{known: true, waits: true}, "no disks", "(lately: no disks)"},
		"a pod has no node yet":      {pending("fast"), class{known: true, waits: true}, "", ""},
		"nobody has made one so far": {pending("fast"), class{known: true}, "", "kubectl -n ns describe pvc data"},
	} {
		got := ""
		if failure := pendingClaim(c.claim, c.class, c.why); failure != nil {
			got = failure.Message
		}
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: it says %q, want %q", name, got, c.want)
		}
	}
}
