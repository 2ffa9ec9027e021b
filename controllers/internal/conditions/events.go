// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Reasons of the events that every kind has. Each surfaces once per thing that
// happened, never per pass.
const (
	EventReady    = "Ready"
	EventNotReady = "NotReady"
)

// ActionObserve is the action of an event about what the operator has seen.
const ActionObserve = "Observe"

// Recorder records events about objects.
type Recorder struct{ events events.EventRecorder }

// NewRecorder is a Recorder that writes to the API server's events.
func NewRecorder(events events.EventRecorder) Recorder { return Recorder{events} }

// Normal records that something happened as it should.
func (r Recorder) Normal(o runtime.Object, reason, action, format string, args ...any) {
	r.record(o, corev1.EventTypeNormal, reason, action, format, args...)
}

// Warning records that something happened that somebody should look at.
func (r Recorder) Warning(o runtime.Object, reason, action, format string, args ...any) {
	r.record(o, corev1.EventTypeWarning, reason, action, format, args...)
}

func (r Recorder) record(o runtime.Object, kind, reason, action, format string, args ...any) {
	r.events.Eventf(o, nil, kind, reason, action, "%s", Truncate(fmt.Sprintf(format, args...)))
}

// Transition records that an object became ready, or is no longer. Whatever else
// changes between the conditions before and after is no event.
func (r Recorder) Transition(o runtime.Object, before, after []metav1.Condition) {
	was := meta.IsStatusConditionTrue(before, v1alpha1.ReadyCondition)
	ready := meta.FindStatusCondition(after, v1alpha1.ReadyCondition)
	switch is := ready.Status == metav1.ConditionTrue; {
	case is && !was:
		r.Normal(o, EventReady, ActionObserve, "%s", ready.Message)
	case was && !is:
		r.Warning(o, EventNotReady, ActionObserve, "%s", ready.Message)
	}
}
