// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// snapshot is what a person waiting wants to know, line by line: what the
// realm still lacks and what its pods are doing, by condition and pod name.
type snapshot struct {
	generation, observed int64
	conditions           map[string]condition
	pods                 map[string]string
}

type condition struct{ status, message string }

// ready tells whether the realm, as it is written now, serves.
func (s snapshot) ready() bool {
	return s.conditions["Ready"].status == "True" && s.observed == s.generation
}

// changes describes what is new in now. Conditions that were fine at the first
// look are not worth a line, and nor are the pods of a realm that was.
func changes(before, now snapshot) []string {
	first := before.conditions == nil
	if first && now.ready() {
		return nil
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(now.conditions)) {
		was, is := before.conditions[name], now.conditions[name]
		switch {
		case is == was, first && is.status == "True":
		case is.status == "True" && was.status != "True":
			lines = append(lines, name+": yes")
		case is.status != "True":
			lines = append(lines, name+": not yet: "+is.message)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.pods)) {
		if now.pods[name] != before.pods[name] {
			lines = append(lines, name+": "+now.pods[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.pods)) {
		if _, still := now.pods[name]; !still {
			lines = append(lines, name+": gone")
		}
	}
	return lines
}

type realmJSON struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		Conditions         []struct {
			Type, Status, Message string
		} `json:"conditions"`
	} `json:"status"`
}

type podsJSON struct {
	Items []podJSON `json:"items"`
}

type podJSON struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Status struct {
		Phase                 string            `json:"phase"`
		InitContainerStatuses []containerStatus `json:"initContainerStatuses"`
		ContainerStatuses     []containerStatus `json:"containerStatuses"`
	} `json:"status"`
}

type containerStatus struct {
	Name         string `json:"name"`
	Ready        bool   `json:"ready"`
	RestartCount int    `json:"restartCount"`
	State        struct {
		Waiting *struct{ Reason string } `json:"waiting"`
	} `json:"state"`
}

func (d Deployment) observe(ctx context.Context) (snapshot, error) {
	var realm realmJSON
	if err := d.Kubectl.Get(ctx, &realm, "authrealm/"+Realm, "--namespace", Namespace); err != nil {
		return snapshot{}, err
	}
	s := snapshot{
		generation: realm.Metadata.Generation, observed: realm.Status.ObservedGeneration,
		conditions: map[string]condition{}, pods: map[string]string{},
	}
	for _, c := range realm.Status.Conditions {
		s.conditions[c.Type] = condition{c.Status, c.Message}
	}
	for _, namespace := range []string{OperatorNamespace, Namespace} {
		var pods podsJSON
		if err := d.Kubectl.Get(ctx, &pods, "pods", "--namespace", namespace); err != nil {
			return snapshot{}, err
		}
		for _, pod := range pods.Items {
			s.pods["pod "+pod.Metadata.Name] = pod.describe()
		}
	}
	return s, nil
}

// describe says in a few words what the pod is doing or what it waits for.
func (p podJSON) describe() string {
	containers := slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
	for _, container := range containers {
		waiting := container.State.Waiting
		if waiting != nil && waiting.Reason != "PodInitializing" && waiting.Reason != "ContainerCreating" {
			return fmt.Sprintf("%s of container %s, %d restarts", waiting.Reason, container.Name, container.RestartCount)
		}
	}
	ready, restarts := 0, 0
	for _, container := range p.Status.ContainerStatuses {
		if container.Ready {
			ready++
		}
		restarts += container.RestartCount
	}
	text := fmt.Sprintf("%s, %d/%d ready", p.Status.Phase, ready, len(p.Status.ContainerStatuses))
	if restarts > 0 {
		text += fmt.Sprintf(", %d restarts", restarts)
	}
	return text
}
