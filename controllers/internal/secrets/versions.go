// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// Versions are those of a realm's own Secrets as a pass has read or written them, by
// name. A Secret is applied only over its version: what has changed since, or was
// deleted, is not undone unseen.
type Versions map[string]version

// version is one state of one Secret.
type version struct {
	uid      types.UID
	resource string
	data     map[string][]byte
}

// Note remembers a Secret as it is.
func (v Versions) Note(s *corev1.Secret) { v[s.Name] = version{s.UID, s.ResourceVersion, s.Data} }

// Hold reports whether a Secret has all the values of s.
func (v Versions) Hold(s *corev1ac.SecretApplyConfiguration) bool {
	have, known := v[*s.GetName()]
	for key, value := range s.Data {
		stored, found := have.data[key]
		known = known && found && bytes.Equal(stored, value)
	}
	return known
}

// Source names a version of a Secret together with that of another, from which it has the
// value under a key: as long as neither is changed, it needs not be read from there again.
// It is "" where the Secret has another value, or nobody knows.
func (v Versions) Source(secret, key string, value []byte, from string) string {
	have, found := v[secret]
	if stored, has := have.data[key]; !found || !has || from == "" || !bytes.Equal(stored, value) {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{key, from, string(have.uid), have.resource}, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Value is what a Secret has under a key, nil where it has nothing or was not read.
func (v Versions) Value(secret, key string) []byte { return v[secret].data[key] }

// Has reports whether there was a Secret of the name.
func (v Versions) Has(name string) bool { _, found := v[name]; return found }

// Pin lets a Secret be applied only over what was read of it, if it was.
func (v Versions) Pin(s *corev1ac.SecretApplyConfiguration) {
	if read, found := v[*s.GetName()]; found {
		s.WithUID(read.uid).WithResourceVersion(read.resource)
	}
}

// NoteApplied remembers a Secret as the API server answered with it. What has the version that
// was read was not written, and is as it was then.
func (v Versions) NoteApplied(s *corev1ac.SecretApplyConfiguration) {
	if s.UID != nil && s.ResourceVersion != nil && v[*s.GetName()].resource != *s.ResourceVersion {
		v[*s.GetName()] = version{*s.UID, *s.ResourceVersion, s.Data}
	}
}
