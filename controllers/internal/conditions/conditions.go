// SPDX-License-Identifier: Apache-2.0

// Package conditions makes the conditions of a kind, and the events beside them.
//
// A pass over an object computes every condition anew: True, False or Unknown, each
// with a reason and a message that says what to do next. What stands in the way is a
// Failure, an error that becomes a condition; Classify tells it from an error that
// ends the pass. Summarize makes Ready of the others, and Set writes them all down for
// the generation they are about. A Recorder tells of transitions as events.
package conditions

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// True is a condition that holds.
func True(kind, reason, format string, args ...any) metav1.Condition {
	return newCondition(kind, metav1.ConditionTrue, reason, format, args...)
}

// False is a condition that does not hold.
func False(kind, reason, format string, args ...any) metav1.Condition {
	return newCondition(kind, metav1.ConditionFalse, reason, format, args...)
}

// Unknown is a condition of which nobody knows whether it holds.
func Unknown(kind, reason, format string, args ...any) metav1.Condition {
	return newCondition(kind, metav1.ConditionUnknown, reason, format, args...)
}

func newCondition(kind string, status metav1.ConditionStatus, reason, format string, args ...any) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Summarize is Ready: True with a message when every other condition is, and else
// False with what the first of the others says.
func Summarize(ready string, others []metav1.Condition) metav1.Condition {
	for _, c := range others {
		if c.Status != metav1.ConditionTrue {
			return False(v1alpha1.ReadyCondition, c.Reason, "%s: %s", c.Type, c.Message)
		}
	}
	return True(v1alpha1.ReadyCondition, v1alpha1.ReasonReady, "%s", ready)
}

// Set writes conditions into those of a status, as of a generation of the spec. The
// time of a transition stays where there was none.
func Set(status *[]metav1.Condition, generation int64, conditions ...metav1.Condition) {
	for _, c := range conditions {
		c.ObservedGeneration = generation
		meta.SetStatusCondition(status, c)
	}
}
