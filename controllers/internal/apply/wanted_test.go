// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func stateOf(t *testing.T, o render.Object, existing metav1.Object) string {
	t.Helper()
	w, err := wantedOf(o)
	if err != nil {
		t.Fatal(err)
	}
	return w.stateOf(existing, nil)
}

func TestWhatIsRememberedOfASecretTellsNothingOfItsValues(t *testing.T) {
	t.Parallel()
	existing := &metav1.ObjectMeta{UID: "1", ResourceVersion: "7"}
	of := func(data map[string][]byte) string {
		return stateOf(t, corev1ac.Secret("s", "ns").WithData(data), existing)
	}
	one := of(map[string][]byte{"password": []byte("one")})
	if one != of(map[string][]byte{"password": []byte("two")}) {
		t.Error("the state tells values apart")
	}
	if one == of(map[string][]byte{"password": []byte("one"), "another": nil}) {
		t.Error("the state does not tell keys apart")
	}
}

// A state is about one object, and about all that the operator writes of it.
func TestEachChangeOfWhatWasWrittenMakesAnotherState(t *testing.T) {
	t.Parallel()
	deployment := func() *appsv1ac.DeploymentApplyConfiguration {
		return appsv1ac.Deployment("d", "ns").WithLabels(map[string]string{"ours": "1"}).WithAnnotations(map[string]string{"ours": "1"}).
			WithOwnerReferences(metav1ac.OwnerReference().WithUID("realm"))
	}
	stored := func(change func(*metav1.ObjectMeta)) *metav1.ObjectMeta {
		o := &metav1.ObjectMeta{
			UID: "1", ResourceVersion: "7", Generation: 3, OwnerReferences: []metav1.OwnerReference{{UID: "realm"}},
			Labels: map[string]string{"ours": "1", "theirs": "1"}, Annotations: map[string]string{"ours": "1", "theirs": "1"},
		}
		change(o)
		return o
	}
	before := stateOf(t, deployment(), stored(func(*metav1.ObjectMeta) {}))
	for name, c := range map[string]struct {
		change func(*metav1.ObjectMeta)
		same   bool
	}{
		"its status":             {func(o *metav1.ObjectMeta) { o.ResourceVersion = "8" }, true},
		"an annotation of its":   {func(o *metav1.ObjectMeta) { o.Annotations["theirs"] = "2" }, true},
		"a label of its":         {func(o *metav1.ObjectMeta) { o.Labels["theirs"] = "2" }, true},
		"its spec":               {func(o *metav1.ObjectMeta) { o.Generation = 4 }, false},
		"its UID":                {func(o *metav1.ObjectMeta) { o.UID = types.UID("2") }, false},
		"a label of ours":        {func(o *metav1.ObjectMeta) { o.Labels["ours"] = "2" }, false},
		"a label of ours, gone":  {func(o *metav1.ObjectMeta) { delete(o.Labels, "ours") }, false},
		"an annotation of ours":  {func(o *metav1.ObjectMeta) { o.Annotations["ours"] = "" }, false},
		"an annotation, gone":    {func(o *metav1.ObjectMeta) { delete(o.Annotations, "ours") }, false},
		"its owner":              {func(o *metav1.ObjectMeta) { o.OwnerReferences = nil }, false},
		"what has no generation": {func(o *metav1.ObjectMeta) { o.Generation = 0 }, false},
	} {
		if after := stateOf(t, deployment(), stored(c.change)); (after == before) != c.same {
			t.Errorf("%s: the state is the same: %v", name, !c.same)
		}
	}
	if stateOf(t, deployment().WithLabels(map[string]string{"more": "1"}), stored(func(*metav1.ObjectMeta) {})) == before {
		t.Error("what is rendered otherwise has the same state")
	}
}

// Before Kubernetes 1.37 an autoscaler has no generation, and a status that is written all
// the time.
func TestOfAnAutoscalerWithoutAGenerationItsSpecCounts(t *testing.T) {
	t.Parallel()
	rendered := autoscalingv2ac.HorizontalPodAutoscaler("h", "ns").
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().WithMaxReplicas(5))
	w, err := wantedOf(rendered)
	if err != nil {
		t.Fatal(err)
	}
	answer := autoscalingv2ac.HorizontalPodAutoscaler("h", "ns").WithUID("1").WithResourceVersion("7").WithSpec(rendered.Spec)
	last, err := answered(w, answer)
	if err != nil {
		t.Fatal(err)
	}
	for max, same := range map[int32]bool{5: true, 9: false} {
		spec, err := specIn(autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: max})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.stateOf(&metav1.ObjectMeta{UID: "1", ResourceVersion: "8"}, spec) == last.state; got != same {
			t.Errorf("with at most %d pods the state is the same: %v", max, got)
		}
	}
}

func TestAnyWriteCountsOfWhatHasNoGeneration(t *testing.T) {
	t.Parallel()
	o := corev1ac.ConfigMap("c", "ns").WithData(map[string]string{"a": "b"})
	existing := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{UID: "1", ResourceVersion: "7"}}
	before := stateOf(t, o, existing)
	existing.ResourceVersion = "8"
	if stateOf(t, o, existing) == before {
		t.Error("another version has the same state")
	}
}
