// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	waiting := snapshot{
		conditions: map[string]condition{"DatabaseReady": {"False", "PostgreSQL starts"}, "CacheReady": {"True", "it answers"}},
		pods:       map[string]string{"pod db-0": "Pending, 0/0 ready"},
	}
	for name, c := range map[string]struct {
		before, now snapshot
		want        []string
	}{
		"the first look": {snapshot{}, waiting, []string{
			"DatabaseReady: not yet: PostgreSQL starts", "pod db-0: Pending, 0/0 ready",
		}},
		"the first look at a realm that is ready": {snapshot{}, snapshot{
			conditions: map[string]condition{"Ready": {"True", ""}}, pods: map[string]string{"pod db-0": "Running, 1/1 ready"},
		}, nil},
		"nothing new": {waiting, waiting, nil},
		"a message changes": {waiting, snapshot{
			conditions: map[string]condition{"DatabaseReady": {"False", "0 of 1 pods"}, "CacheReady": {"True", "it still answers"}},
			pods:       waiting.pods,
		}, []string{"DatabaseReady: not yet: 0 of 1 pods"}},
		"a condition becomes true and a pod goes": {waiting, snapshot{
			conditions: map[string]condition{"DatabaseReady": {"True", "it answers"}, "CacheReady": {"True", "it answers"}},
		}, []string{"DatabaseReady: yes", "pod db-0: gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := changes(c.before, c.now); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestReadyIsAboutTheNewestGeneration(t *testing.T) {
	t.Parallel()
	yes := map[string]condition{"Ready": {status: "True"}}
	if !(snapshot{generation: 2, observed: 2, conditions: yes}).ready() {
		t.Error("a realm whose operator has seen all and says Ready is ready")
	}
	if (snapshot{generation: 3, observed: 2, conditions: yes}).ready() {
		t.Error("Ready of an older generation counts")
	}
}

func TestDescribePod(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ status, want string }{
		"running": {`{"phase":"Running","containerStatuses":[{"ready":true},{"ready":false}]}`, "Running, 1/2 ready"},
		"an image that is not there": {
			`{"phase":"Pending","containerStatuses":[{"name":"redis","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}`,
			"ImagePullBackOff of container redis, 0 restarts"},
		"an init container that fails": {
			`{"phase":"Pending","initContainerStatuses":[{"name":"migrate","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}`,
			"CrashLoopBackOff of container migrate, 3 restarts"},
		"waiting for its init containers": {
			`{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"PodInitializing"}}}]}`, "Pending, 0/1 ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pod podJSON
			if err := json.Unmarshal([]byte(`{"status":`+c.status+`}`), &pod); err != nil {
				t.Fatal(err)
			}
			if got := pod.describe(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
