// SPDX-License-Identifier: Apache-2.0

// Package podstatus asks auth server pods what they run.
//
// Each pod is asked at its ops listener, all of them at once and each for a moment
// alone. One that does not answer is part of what is observed, not an error: the kubelet's
// word is then all that is known of it.
package podstatus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// Ask returns what one pod says of itself.
type Ask func(ctx context.Context, pod *corev1.Pod) (realmconfig.Report, error)

// Pod is what is known of one pod.
type Pod struct {
	Name string

	// Answered is false when the pod could not be asked; Report is then empty.
	Answered bool
	Report   realmconfig.Report

	// Node is where the pod runs; empty until it is scheduled.
	Node string

	// Scheduled is set once a node has been told to run the pod, Running while a
	// container of it does, and Ready while the kubelet says that all of it works.
	Scheduled, Running, Ready bool

	// Waiting is why a container of the pod does not run, in the kubelet's
	// word, such as ImagePullBackOff; empty when all do.
	Waiting string

	// Trouble is why the pod does not do its work, nil when nothing is known to be wrong.
	Trouble *conditions.Failure

	Annotations map[string]string
}

const (
	// askTimeout is how long one pod may take to answer. It answers from memory.
	askTimeout = 2 * time.Second

	// inFlight bounds the pods that are asked at the same time.
	inFlight = 16

	// reportLimit bounds what is read of an answer, in bytes.
	reportLimit = 64 << 10
)

// Observe asks every pod that is not on its way out. The result is ordered by
// name. A pod that does not answer is part of it, not an error.
func Observe(ctx context.Context, pods []corev1.Pod, now time.Time, ask Ask) []Pod {
	return askAll(ctx, slices.DeleteFunc(slices.Clone(pods), Leaves), now, ask)
}

// ObserveLeaving asks the pods that Observe leaves out and that may still serve
// at now, because they have been told to stop and not been killed.
func ObserveLeaving(ctx context.Context, pods []corev1.Pod, now time.Time, ask Ask) []Pod {
	return askAll(ctx, slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool {
		return pod.DeletionTimestamp == nil || !pod.DeletionTimestamp.After(now) || finished(pod)
	}), now, ask)
}

func askAll(ctx context.Context, pods []corev1.Pod, now time.Time, ask Ask) []Pod {
	out := make([]Pod, len(pods))

	var group errgroup.Group
	group.SetLimit(inFlight)
	for i := range pods {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			out[i] = Pod{
				Name: pods[i].Name, Annotations: pods[i].Annotations, Node: pods[i].Spec.NodeName,
				Scheduled: pods[i].Spec.NodeName != "", Running: running(pods[i].Status), Ready: IsReady(pods[i]), Waiting: waiting(pods[i].Status),
				Trouble: Trouble(pods[i], "", now),
			}
			if initializing(pods[i]) {
				return nil // whoever answers at its address is another
			}
			report, err := ask(ctx, &pods[i])
			if err == nil {
				out[i].Answered, out[i].Report = true, report
			}
			return nil
		})
	}
	_ = group.Wait()

	slices.SortFunc(out, func(a, b Pod) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Leaves reports whether a pod has ended, or was told to.
func Leaves(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil || finished(pod) }

func finished(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// IsReady reports whether the kubelet says that all of a pod works, and nobody has told
// it to stop.
func IsReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// initializing reports whether the kubelet has still to come to a pod's containers.
func initializing(pod corev1.Pod) bool {
	sidecar := func(name string) bool {
		return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
			return c.Name == name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		})
	}
	return slices.ContainsFunc(pod.Status.InitContainerStatuses, func(c corev1.ContainerStatus) bool {
		return (c.State.Terminated == nil || c.State.Terminated.ExitCode != 0) && !sidecar(c.Name)
	})
}

func running(status corev1.PodStatus) bool {
	return slices.ContainsFunc(status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Running != nil })
}

// waiting is the first reason for which a container does not run yet, leaving
// out the ones that every pod goes through.
func waiting(status corev1.PodStatus) string {
	for _, c := range slices.Concat(status.InitContainerStatuses, status.ContainerStatuses) {
		w := c.State.Waiting
		if w != nil && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
			return w.Reason
		}
	}
	return ""
}

// OverHTTP asks a pod's ops listener.
func OverHTTP(client *http.Client) Ask {
	return func(ctx context.Context, pod *corev1.Pod) (realmconfig.Report, error) {
		if pod.Status.PodIP == "" {
			return realmconfig.Report{}, fmt.Errorf("ask pod %s: it has no address yet", pod.Name)
		}
		host := net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(realmconfig.OpsPort))
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+realmconfig.ReportPath, nil)
		if err != nil {
			return realmconfig.Report{}, fmt.Errorf("ask pod %s: %w", pod.Name, err)
		}
		report, err := do(client, request)
		if err != nil {
			return realmconfig.Report{}, fmt.Errorf("ask pod %s: %w", pod.Name, err)
		}
		return report, nil
	}
}

func do(client *http.Client, request *http.Request) (realmconfig.Report, error) {
	response, err := client.Do(request)
	if err != nil {
		return realmconfig.Report{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return realmconfig.Report{}, fmt.Errorf("it answers %s", response.Status)
	}
	// A newer server may say more than this build knows; that is no reason to
	// take it for silent.
	var report realmconfig.Report
	if err := json.NewDecoder(io.LimitReader(response.Body, reportLimit)).Decode(&report); err != nil {
		return realmconfig.Report{}, fmt.Errorf("read its report: %w", err)
	}
	return report, nil
}
