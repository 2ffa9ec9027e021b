// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

func available(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.AvailableCondition
	want, d := st.desiredReplicas(realm), st.applied.server
	switch {
	case st.applied.serverUnknown != nil:
		return st.applied.serverUnknown.Unknown(kind)
	case d == nil:
		return withoutDeployment(kind, want, st)
	case want == 0:
		return conditions.False(kind, v1alpha1.ReasonScaledToZero, "The spec asks for no pods")
	case d.Status == nil || valueOrZero(d.Status.ObservedGeneration) < valueOrZero(d.Generation):
		return conditions.False(kind, v1alpha1.ReasonRolling, "The Deployment's newest generation has not been taken up yet")
	}
	updated, ready, all := valueOrZero(d.Status.UpdatedReplicas), valueOrZero(d.Status.AvailableReplicas), valueOrZero(d.Status.Replicas)
	switch {
	case updated < want:
		return st.rolling(kind, "%d of %d pods are of the newest generation", updated, want)
	case all > updated:
		return conditions.False(kind, v1alpha1.ReasonRolling, "%d pods of an earlier generation are on their way out", all-updated)
	case ready < want:
		return st.rolling(kind, "%d of %d pods are available", ready, want)
	}
	return conditions.True(kind, v1alpha1.ReasonAvailable, "%d of %d pods are available%s", ready, want, st.autoscalerProblem)
}

// rolling says that pods are on their way, and why one of them does not come.
func (st state) rolling(kind, format string, args ...any) metav1.Condition {
	c := conditions.False(kind, v1alpha1.ReasonRolling, format, args...)
	if trouble := st.serverTrouble(); trouble != nil {
		c.Reason, c.Message = trouble.Reason, c.Message+"; "+trouble.Message
		return c
	}
	for _, p := range st.pods {
		if p.Waiting != "" {
			c.Message += fmt.Sprintf("; pod %s: %s", p.Name, p.Waiting)
			break
		}
	}
	return c
}

// serverTrouble is why a pod of the auth server does not do its work, or is not there.
func (st state) serverTrouble() *conditions.Failure {
	if refused := podsRefused(st.applied.server); refused != nil {
		return refused
	}
	for _, p := range st.pods {
		if p.Trouble != nil {
			return st.explained(p.Name, withItsWords(p))
		}
	}
	return st.departed
}

// withItsWords is what is wrong with a pod, and what its auth server says of that.
func withItsWords(p podstatus.Pod) *conditions.Failure {
	said := cmp.Or(p.Report.DatabaseProblem, p.Report.Problem, p.Report.CacheProblem)
	if p.Trouble.Reason != v1alpha1.ReasonPodNotReady || said == "" {
		return p.Trouble
	}
	return &conditions.Failure{Reason: p.Trouble.Reason, Message: p.Trouble.Message + "; it says: " + conditions.Truncate(said)}
}

// withoutDeployment is for a realm that has no Deployment. Pods may be there all the
// same: somebody has deleted it and left them, or it cannot be written and is not known
// as the realm's.
func withoutDeployment(kind string, want int32, st state) metav1.Condition {
	ready := st.podsReady()
	switch {
	case st.podsUnknown != nil:
		return st.podsUnknown.Unknown(kind)
	case ready > 0 && ready >= want:
		return conditions.True(kind, v1alpha1.ReasonAvailable, "%d of %d pods are available, and no Deployment looks after them: %s says why",
			ready, want, v1alpha1.ResourcesAppliedCondition)
	case len(st.pods) > 0:
		return conditions.False(kind, v1alpha1.ReasonBlocked, "%d of %d pods are available, and there is no Deployment to make others: %s says why",
			ready, want, v1alpha1.ResourcesAppliedCondition)
	case st.lacksMounts():
		return conditions.False(kind, v1alpha1.ReasonBlocked, "No pod is started before what it needs is there")
	}
	return conditions.False(kind, v1alpha1.ReasonBlocked, "No pod runs, and there is no Deployment to make one: %s says why", v1alpha1.ResourcesAppliedCondition)
}

// podsReady counts the pods that the kubelet calls ready.
func (st state) podsReady() int32 {
	var n int32
	for _, p := range st.pods {
		if p.Ready {
			n++
		}
	}
	return n
}

// podsRefused says why no further pod of a Deployment, nil for none, can be made, in the
// words of whoever refuses it: a quota, or Pod Security. Each try is for another pod,
// whose name is left out.
func podsRefused(d *appsv1ac.DeploymentApplyConfiguration) *conditions.Failure {
	if d == nil || d.Status == nil || d.Name == nil {
		return nil
	}
	for _, c := range d.Status.Conditions {
		if c.Type == nil || *c.Type != appsv1.DeploymentReplicaFailure || c.Status == nil || *c.Status != corev1.ConditionTrue || c.Message == nil {
			continue
		}
		return refusedPod(*d.Name, *c.Message)
	}
	return nil
}

// refusedPod tells of a pod of a workload that cannot be made.
func refusedPod(workload, why string) *conditions.Failure {
	said := conditions.StableMessage(errors.New(why))
	if before, rest, found := strings.Cut(said, `"`+workload+"-"); found {
		if _, after, closed := strings.Cut(rest, `"`); closed {
			said = before + conditions.Ellipsis + after
		}
	}
	return conditions.NewFailure(v1alpha1.ReasonPodsRefused, "no pod can be made: %s", said)
}
