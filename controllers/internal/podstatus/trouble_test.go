// SPDX-License-Identifier: Apache-2.0

package podstatus_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

// ago is a time before noon.
func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon().Add(-d)) }

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func ended(code int32, reason string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: "password=hunter2"}}
}

func runningSince(d time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(d)}}
}

// placed is for a pod that a node has had for so long.
func placed(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Namespace, p.Spec.NodeName = "ns", "node-7"
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: ago(d)}}
	}
}

func TestWhyAPodDoesNotDoItsWork(t *testing.T) {
	t.Parallel()
	init := func(c corev1.ContainerStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			c.Name = "migrate"
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{c}
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "serve", State: waiting("PodInitializing", "")}}
		}
	}
	serve := func(c corev1.ContainerStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			c.Name = "serve"
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: ended(0, "Completed"), RestartCount: 3}}
			p.Status.ContainerStatuses = []corev1.ContainerStatus{c}
		}
	}
	refused := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 Insufficient cpu.",
	}
	for name, c := range map[string]struct {
		part   string
		pod    corev1.Pod
		reason string // "" for no trouble
		says   []string
	}{
		"one that has just been made":   {pod: pod("a")},
		"one that begins":               {pod: pod("a", placed(time.Second), init(corev1.ContainerStatus{State: waiting("PodInitializing", "")}))},
		"one that migrates for long":    {pod: pod("a", placed(time.Hour), init(corev1.ContainerStatus{State: runningSince(time.Hour)}))},
		"one that is ready":             {pod: pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: runningSince(time.Hour), Ready: true, RestartCount: 4}))},
		"one that is not ready yet":     {pod: pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: runningSince(time.Second)}))},
		"one that is told to end, soon": {pod: pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: ended(137, "Error")}), func(p *corev1.Pod) { p.DeletionTimestamp = new(ago(-time.Second)) })},
		"one that was given up yesterday": {pod: pod("a", placed(24*time.Hour), func(p *corev1.Pod) {
			p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted"
		})},
		"one that fits on no node": {
			"", pod("a", func(p *corev1.Pod) { p.Status.Conditions = []corev1.PodCondition{refused} }), v1alpha1.ReasonUnschedulable,
			[]string{"pod a fits on no node (Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.)", "correct resources or scheduling"},
		},
		"a database that fits on no node": {
			"database.managed.", pod("a", func(p *corev1.Pod) { p.Status.Conditions = []corev1.PodCondition{refused} }), v1alpha1.ReasonUnschedulable,
			[]string{"correct database.managed.resources"},
		},
		"a typo in an image": {
			"cache.managed.", pod("a", placed(time.Second), serve(corev1.ContainerStatus{Image: "redis:typo", State: waiting("ErrImagePull", "manifest\x1b[2J unknown")})),
			v1alpha1.ReasonImagePullFailed, []string{`cannot have the image "redis:typo" (ErrImagePull: manifest[2J unknown)`, "correct cache.managed.image"},
		},
		"a typo in an image of a container that comes first": {
			"", pod("a", placed(time.Second), init(corev1.ContainerStatus{Image: "x", State: waiting("ImagePullBackOff", "")})),
			v1alpha1.ReasonImagePullFailed, []string{"(ImagePullBackOff)"},
		},
		"a key that a Secret lacks": {
			"", pod("a", placed(time.Second), serve(corev1.ContainerStatus{State: waiting("CreateContainerConfigError", `couldn't find key token in Secret ns/mine`)})),
			v1alpha1.ReasonInvalidContainer, []string{`cannot run container serve (CreateContainerConfigError: couldn't find key token in Secret ns/mine)`},
		},
		"a migration that fails": {
			"", pod("a", placed(time.Second), init(corev1.ContainerStatus{State: ended(1, "Error")})),
			v1alpha1.ReasonCrashing, []string{"container migrate that ends (exit code 1)", "kubectl -n ns logs a -c migrate --previous"},
		},
		"a container that ends again and again": {
			"", pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: waiting("CrashLoopBackOff", "back-off 5m0s"), LastTerminationState: ended(2, "Error"), RestartCount: 9})),
			v1alpha1.ReasonCrashing, []string{"container serve that ends (exit code 2)"},
		},
		"one that runs again for a moment": {
			"", pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: runningSince(time.Second), LastTerminationState: ended(2, "Error"), RestartCount: 2})),
			v1alpha1.ReasonCrashing, []string{"exit code 2"},
		},
		"one that needs more memory": {
			"database.managed.", pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: waiting("CrashLoopBackOff", ""), LastTerminationState: ended(137, "OOMKilled")})),
			v1alpha1.ReasonCrashing, []string{"(OOMKilled)", "raise database.managed.resources.limits.memory"},
		},
		"one that is not ready for long": {
			"", pod("a", placed(time.Hour), serve(corev1.ContainerStatus{State: runningSince(time.Hour)})),
			v1alpha1.ReasonPodNotReady, []string{"container serve is not ready", "kubectl -n ns logs a -c serve"},
		},
		"one whose volumes do not come": {
			"", pod("a", placed(time.Hour), func(p *corev1.Pod) {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "serve", State: waiting("ContainerCreating", "")}}
			}),
			v1alpha1.ReasonPodNotStarted, []string{"not started by node node-7", "kubectl -n ns describe pod a"},
		},
		"one on a node that does not answer": {
			"", pod("a", placed(time.Hour), func(p *corev1.Pod) { p.DeletionTimestamp = new(ago(time.Hour)) }),
			v1alpha1.ReasonNodeLost, []string{"node node-7 does not say that it has", "kubectl delete node node-7"},
		},
		"one that makes room for others": {
			"", pod("a", placed(time.Hour), func(p *corev1.Pod) {
				p.DeletionTimestamp = new(ago(-time.Second))
				p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
					Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "PreemptionByScheduler", Message: "default-scheduler: preempting",
				})
			}),
			v1alpha1.ReasonPodEvicted, []string{"has to leave node node-7 (PreemptionByScheduler: default-scheduler: preempting)"},
		},
		"one that was given up": {
			"", pod("a", placed(time.Minute), func(p *corev1.Pod) {
				p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
			}),
			v1alpha1.ReasonPodEvicted, []string{"given up by node node-7 (Evicted: The node was low on resource: memory.)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := podstatus.Trouble(c.pod, c.part, noon())
			if got == nil {
				if c.reason != "" {
					t.Fatalf("nothing is said, want %s", c.reason)
				}
				return
			}
			if got.Reason != c.reason {
				t.Errorf("it says %s %q, want %s", got.Reason, got.Message, c.reason)
			}
			for _, words := range append(c.says, "pod a ") {
				if !strings.Contains(got.Message, words) {
					t.Errorf("it says %q, want %q in it", got.Message, words)
				}
			}
			if strings.Contains(got.Message, "hunter2") {
				t.Errorf("it tells what a container has printed: %s", got.Message)
			}
		})
	}
}
