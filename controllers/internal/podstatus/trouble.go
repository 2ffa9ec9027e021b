// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// usualStart is how long a pod may take to start, or not be ready, without anything
// being wrong.
const usualStart = time.Minute

// Trouble is why a pod does not do its work at now, as the scheduler and the kubelet
// tell it, with what to do next; nil when nothing is known to be wrong. The part is
// where the spec says what the pod is made of, such as "database.managed.", and empty
// for the auth server. What a container has printed is never told: it may hold a secret.
func Trouble(pod corev1.Pod, part string, now time.Time) *conditions.Failure {
	for _, look := range []func(corev1.Pod, string, time.Time) *conditions.Failure{lost, unplaced, ofContainers, slow} {
		if failure := look(pod, part, now); failure != nil {
			failure.Message = fmt.Sprintf("pod %s %s", pod.Name, failure.Message)
			return failure
		}
	}
	return nil
}

// lost is for pods that nobody can stop, since their node does not answer, and for
// those that a node has given up, or has to.
func lost(pod corev1.Pod, _ string, now time.Time) *conditions.Failure {
	switch {
	case pod.DeletionTimestamp != nil && now.After(pod.DeletionTimestamp.Add(usualStart)):
		return conditions.NewFailure(v1alpha1.ReasonNodeLost,
			"should have ended, and node %s does not say that it has; bring the node back, or, once it is switched off for good, kubectl delete node %s",
			pod.Spec.NodeName, pod.Spec.NodeName)
	case pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "" && lately(pod, now):
		return conditions.NewFailure(v1alpha1.ReasonPodEvicted, "was given up by node %s (%s); another one takes its place where there is room",
			pod.Spec.NodeName, words(pod.Status.Reason, pod.Status.Message))
	case pod.DeletionTimestamp == nil:
		return nil
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return conditions.NewFailure(v1alpha1.ReasonPodEvicted, "has to leave node %s (%s); another one takes its place where there is room",
				pod.Spec.NodeName, words(c.Reason, c.Message))
		}
	}
	return nil
}

// lately reports whether something has happened to a pod within the last minutes: one that
// was given up stays for days, and says nothing of what is missing then.
func lately(pod corev1.Pod, now time.Time) bool {
	const few = 10 * time.Minute
	last := pod.CreationTimestamp.Time
	for _, c := range pod.Status.Conditions {
		if c.LastTransitionTime.After(last) {
			last = c.LastTransitionTime.Time
		}
	}
	return now.Before(last.Add(few))
}

// unplaced is for pods that no node runs.
func unplaced(pod corev1.Pod, part string, _ time.Time) *conditions.Failure {
	if pod.Spec.NodeName != "" {
		return nil
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return conditions.NewFailure(v1alpha1.ReasonUnschedulable, "fits on no node (%s); make room, or correct %sresources%s",
				words(c.Reason, c.Message), part, ifServer(part, " or scheduling"))
		}
	}
	return nil
}

func ifServer(part, words string) string {
	if part == "" {
		return words
	}
	return ""
}

// ofContainers is for pods of which a container cannot run, or ends again and again.
func ofContainers(pod corev1.Pod, part string, now time.Time) *conditions.Failure {
	if Leaves(pod) {
		return nil
	}
	for _, c := range unfinished(pod) {
		if failure := cannotStart(c, part); failure != nil {
			return failure
		}
		if failure := ends(pod, c, part); failure != nil {
			return failure
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if r := c.State.Running; r != nil && !c.Ready && now.After(r.StartedAt.Add(usualStart)) {
			return conditions.NewFailure(v1alpha1.ReasonPodNotReady, "runs, and container %s is not ready; its log says why: %s", c.Name, logs(pod, c.Name, ""))
		}
	}
	return nil
}

// unfinished are the containers of a pod without those that were to end, and have.
func unfinished(pod corev1.Pod) []corev1.ContainerStatus {
	initial := slices.DeleteFunc(slices.Clone(pod.Status.InitContainerStatuses), func(c corev1.ContainerStatus) bool {
		return c.State.Terminated != nil && c.State.Terminated.ExitCode == 0
	})
	return slices.Concat(initial, pod.Status.ContainerStatuses)
}

// cannotStart is for a container that the kubelet cannot make.
func cannotStart(c corev1.ContainerStatus, part string) *conditions.Failure {
	w := c.State.Waiting
	if w == nil {
		return nil
	}
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return conditions.NewFailure(v1alpha1.ReasonImagePullFailed, "cannot have the image %q (%s); correct %simage, or let the nodes pull it",
			conditions.Truncate(c.Image), words(w.Reason, w.Message), part)
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError", "PreCreateHookError", "PreStartHookError":
		return conditions.NewFailure(v1alpha1.ReasonInvalidContainer, "cannot run container %s (%s); correct what that names", c.Name, words(w.Reason, w.Message))
	}
	return nil
}

// ends is for a container that should run and has ended. How it ended is told, and
// not what it said: that is the end of its log.
func ends(pod corev1.Pod, c corev1.ContainerStatus, part string) *conditions.Failure {
	last := c.State.Terminated
	again := c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff" || c.State.Terminated == nil && !c.Ready && c.RestartCount > 1
	if again {
		last = c.LastTerminationState.Terminated
	}
	switch {
	case last == nil && !again:
		return nil
	case last == nil:
		last = &corev1.ContainerStateTerminated{Reason: "CrashLoopBackOff"}
	case last.Reason == "OOMKilled":
		return conditions.NewFailure(v1alpha1.ReasonCrashing, "has a container %s that needs more memory than it may have (OOMKilled); raise %sresources.limits.memory",
			c.Name, part)
	}
	return conditions.NewFailure(v1alpha1.ReasonCrashing, "has a container %s that ends (%s); its log says why: %s", c.Name, exit(last), logs(pod, c.Name, " --previous"))
}

// exit is how a container ended.
func exit(t *corev1.ContainerStateTerminated) string {
	how := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Signal != 0 {
		how = fmt.Sprintf("signal %d", t.Signal)
	}
	if t.Reason != "" && t.Reason != "Error" {
		how = conditions.Truncate(t.Reason) + ", " + how
	}
	return how
}

func logs(pod corev1.Pod, container, flags string) string {
	return fmt.Sprintf("kubectl -n %s logs %s -c %s%s", pod.Namespace, pod.Name, container, flags)
}

// slow is for pods that a node has had for long and whose containers do not begin: what
// they mount is not there, or the network is not.
func slow(pod corev1.Pod, _ string, now time.Time) *conditions.Failure {
	since := scheduledAt(pod)
	if Leaves(pod) || since.IsZero() || !now.After(since.Add(usualStart)) {
		return nil
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if c.State.Waiting == nil {
			return nil // one has begun, or has ended
		}
	}
	return conditions.NewFailure(v1alpha1.ReasonPodNotStarted, "is not started by node %s; what it waits for: kubectl -n %s describe pod %s",
		pod.Spec.NodeName, pod.Namespace, pod.Name)
}

// scheduledAt is when a node was told to run a pod, the zero time while none was.
func scheduledAt(pod corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue && pod.Spec.NodeName != "" {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// words are a reason and a message of Kubernetes' own, on one line and bounded.
func words(reason, message string) string {
	said := conditions.StableMessage(errors.New(message))
	switch {
	case said == "":
		return conditions.Truncate(reason)
	case reason == "" || strings.HasPrefix(said, reason):
		return said
	}
	return conditions.Truncate(reason) + ": " + said
}
