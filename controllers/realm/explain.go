// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// +kubebuilder:rbac:groups="",resources=events,verbs=list

// aMoment is how long a pod may be missing before anybody is asked why: one that starts, of
// a thousand realms, costs nothing.
const aMoment = 5 * time.Second

// lasts reports whether a condition has not been True for longer than a moment.
func (st state) lasts(realm *v1alpha1.AuthRealm, kind string) bool {
	return st.now.Sub(since(realm.Status.Conditions, kind, st.now)) >= aMoment
}

// explain finds out why a pod is missing where neither it nor its workload tells. It asks
// only while one is: what is well costs nothing.
func (r *reconciler) explain(ctx context.Context, st *state) error {
	if err := r.gatherVolume(ctx, st); err != nil {
		return err
	}
	realm := st.inputs.Realm
	hasPod := slices.ContainsFunc(st.stores, func(pod corev1.Pod) bool { return render.IsDatabase(pod.Labels) })
	if render.ManagesDatabase(realm) && st.applied.database != nil && !st.databaseRuns() && !hasPod && st.lasts(realm, v1alpha1.DatabaseReadyCondition) {
		name := render.NamesOf(realm).Database()
		if why := r.lastWarning(ctx, "StatefulSet", realm.Namespace, name, "FailedCreate"); why != "" {
			st.databaseRefused = refusedPod(name, why)
		}
	}
	r.explainUnstarted(ctx, st)
	return r.lookAtAutoscaler(ctx, st)
}

// explainUnstarted finds out what the pods wait for that a node has and does not start.
func (r *reconciler) explainUnstarted(ctx context.Context, st *state) {
	st.unstarted = map[string]string{}
	note := func(pod string, trouble *conditions.Failure) {
		if trouble != nil && trouble.Reason == v1alpha1.ReasonPodNotStarted && len(st.unstarted) < maxExplained {
			st.unstarted[pod] = r.lastWarning(ctx, "Pod", st.inputs.Realm.Namespace, pod,
				"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMapVolume")
		}
	}
	for _, p := range st.pods {
		note(p.Name, p.Trouble)
	}
	for _, pod := range st.stores {
		note(pod.Name, podstatus.Trouble(pod, "", st.now))
	}
}

// maxExplained bounds how many pods are asked about in one pass.
const maxExplained = 3

// lookAtAutoscaler notes why the number of pods does not follow the load.
func (r *reconciler) lookAtAutoscaler(ctx context.Context, st *state) error {
	realm := st.inputs.Realm
	if !render.Autoscales(realm) {
		return nil
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: render.NamesOf(realm).Server()}, hpa)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("get HorizontalPodAutoscaler: %w", err)
	}
	for _, c := range hpa.Status.Conditions {
		fails := (c.Type == autoscalingv2.ScalingActive || c.Type == autoscalingv2.AbleToScale) && c.Status == corev1.ConditionFalse
		if fails && c.Reason != "ScalingDisabled" {
			st.autoscalerProblem = fmt.Sprintf("; their number does not follow the load: %s (%s)", conditions.StableMessage(errors.New(c.Message)), c.Reason)
			return nil
		}
	}
	return nil
}

// lastWarning is what the newest event with one of the reasons says of an object, "" for
// none. Events that quote what a container has printed are not asked for. What cannot be
// read is not told: it would only have been an explanation.
func (r *reconciler) lastWarning(ctx context.Context, kind, namespace, name string, reasons ...string) string {
	var list corev1.EventList
	err := r.live.List(ctx, &list, client.InNamespace(namespace), client.Limit(maxEvents), client.MatchingFields{
		"involvedObject.kind": kind, "involvedObject.name": name, "type": corev1.EventTypeWarning,
	})
	if err != nil {
		return ""
	}
	var newest *corev1.Event
	for i := range list.Items {
		e := &list.Items[i]
		if slices.Contains(reasons, e.Reason) && (newest == nil || lastSeen(e).After(lastSeen(newest))) {
			newest = e
		}
	}
	if newest == nil {
		return ""
	}
	return conditions.StableMessage(errors.New(newest.Message))
}

// maxEvents bounds how many events are read of one object.
const maxEvents = 100

// lastSeen is when an event has last happened, in whichever form it was recorded.
func lastSeen(e *corev1.Event) time.Time {
	last := e.CreationTimestamp.Time
	for _, t := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time} {
		if t.After(last) {
			last = t
		}
	}
	if e.Series != nil && e.Series.LastObservedTime.After(last) {
		last = e.Series.LastObservedTime.Time
	}
	return last
}
