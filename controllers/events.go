// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"

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
	eventKeyActivated      = "SigningKeyActivated"
	eventKeyRetired        = "SigningKeyRetired"
	eventKeyRemoved        = "SigningKeyRemoved"
	eventKeyRevoked        = "SigningKeyRevoked"
	eventCertificateIssued = "CertificateIssued"
	eventAuthorityRenewed  = "AuthorityRenewed"
	eventPasswordRotating  = "PasswordRotating"
	eventPasswordRotated   = "PasswordRotated"
	eventSecretRemade      = "SecretRemade"
)

// Actions of events: what the operator was doing.
const (
	actionGenerate = "Generate"
	actionIssue    = "Issue"
	actionObserve  = "Observe"
	actionRotate   = "Rotate"
)

func (r *reconciler) announce(o runtime.Object, kind, reason, action, format string, args ...any) {
	r.events.Eventf(o, nil, kind, reason, action, "%s", short(fmt.Sprintf(format, args...)))
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

// announceKeys tells what became of the signing keys since they were last
// reported. Reports alone are compared: whoever dies between an act and its
// report leaves both to the next pass.
func (r *reconciler) announceKeys(realm *v1alpha1.AuthRealm, before []v1alpha1.SigningKeyStatus, v view) {
	earlier, gone := map[string]v1alpha1.SigningKeyState{}, map[string]v1alpha1.SigningKeyStatus{}
	for _, k := range before {
		earlier[k.KID], gone[k.KID] = k.State, k
	}
	tell := func(kind, reason, format string, args ...any) {
		r.announce(realm, kind, reason, actionRotate, format, args...)
	}
	for _, k := range realm.Status.SigningKeys {
		was, known := earlier[k.KID]
		delete(gone, k.KID)
		if !known {
			tell(corev1.EventTypeNormal, eventKeyCreated, "Signing key %s (%s) was made and is published", k.KID, k.Algorithm)
		}
		switch {
		case k.State == v1alpha1.ActiveKey && known && was != k.State:
			tell(corev1.EventTypeNormal, eventKeyActivated, "Signing key %s (%s) signs now", k.KID, k.Algorithm)
		case k.State == v1alpha1.RetiringKey && was != k.State:
			tell(corev1.EventTypeNormal, eventKeyRetired, "Signing key %s signs no longer and is published until its last token has expired", k.KID)
		}
	}
	for _, k := range before {
		if _, left := gone[k.KID]; !left {
			continue
		}
		if keys := realm.Spec.SigningKeys; keys != nil && slices.Contains(keys.Revoked, k.KID) {
			tell(corev1.EventTypeWarning, eventKeyRevoked, "Signing key %s (%s) was revoked%s", k.KID, k.State, v.signedWith(k.KID))
			continue
		}
		tell(corev1.EventTypeNormal, eventKeyRemoved, "Signing key %s is gone", k.KID)
	}
}

// signedWith says how many tokens a key has signed, as far as the pods know that
// run now: each counts from its own start.
func (v view) signedWith(kid string) string {
	tokens, pods := int64(0), 0
	for _, p := range v.pods {
		if p.Answered {
			pods, tokens = pods+1, tokens+p.Report.TokensSigned[kid]
		}
	}
	if pods == 0 {
		return "; no pod could say how many tokens it had signed"
	}
	return fmt.Sprintf("; the %d pods that answer had signed %d tokens with it since they started, none of which is taken any more", pods, tokens)
}
