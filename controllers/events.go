// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Reasons of events. Each surfaces once per thing that happened, never per pass.
const (
	eventReady             = "Ready"
	eventNotReady          = "NotReady"
	eventKeyCreated        = "SigningKeyCreated"
	eventCertificateIssued = "CertificateIssued"
	eventAuthorityRenewed  = "AuthorityRenewed"
	eventPasswordRotating  = "PasswordRotating"
	eventPasswordRotated   = "PasswordRotated"
)

// Actions of events: what the operator was doing.
const (
	actionGenerate = "Generate"
	actionIssue    = "Issue"
	actionObserve  = "Observe"
	actionRotate   = "Rotate"
)

func (r *reconciler) announce(o runtime.Object, kind, reason, action, format string, args ...any) {
	r.events.Eventf(o, nil, kind, reason, action, format, args...)
}

// announceTransition tells of a realm or a provider that became ready, or is no longer.
func (r *reconciler) announceTransition(o runtime.Object, before, after []metav1.Condition) {
	was := meta.IsStatusConditionTrue(before, v1alpha1.ReadyCondition)
	ready := meta.FindStatusCondition(after, v1alpha1.ReadyCondition)
	switch is := ready.Status == metav1.ConditionTrue; {
	case is && !was:
		r.announce(o, corev1.EventTypeNormal, eventReady, actionObserve, "%s", ready.Message)
	case was && !is:
		r.announce(o, corev1.EventTypeWarning, eventNotReady, actionObserve, "%s", ready.Message)
	}
}
