// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Versions are those of a realm's own Secrets as a pass has read or written them, by
// name. A Secret is applied only over its version: what has changed since, or was
// deleted, is not undone unseen.
type Versions map[string]version

// version is one state of one object.
type version struct {
	uid      types.UID
	resource string
}

// Note remembers a Secret as it is.
func (v Versions) Note(s client.Object) { v[s.GetName()] = version{s.GetUID(), s.GetResourceVersion()} }

// Pin lets a Secret be applied only over what was read of it, if it was.
func (v Versions) Pin(s *corev1ac.SecretApplyConfiguration) {
	if read, found := v[*s.GetName()]; found {
		s.WithUID(read.uid).WithResourceVersion(read.resource)
	}
}

// NoteApplied remembers a Secret as the API server answered with it.
func (v Versions) NoteApplied(s *corev1ac.SecretApplyConfiguration) {
	if s.UID != nil && s.ResourceVersion != nil {
		v[*s.GetName()] = version{*s.UID, *s.ResourceVersion}
	}
}
