// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// digest names a document by its content.
type digest [sha256.Size]byte

// wanted is what an object should be, as far as it says whether to apply it.
type wanted struct {
	// digest is of everything, public of all but the values of a Secret: it may be written
	// where anybody reads it, and a short password could be guessed from it otherwise.
	digest, public digest

	// labels and annotations are those that it has.
	labels, annotations map[string]string

	// secret is set when there are values that public does not tell of.
	secret bool
}

// wantedOf is what an object should be, whatever version of it that is meant for.
func wantedOf(o render.Object) (wanted, error) {
	w := wanted{labels: render.Labels(o), annotations: render.Annotations(o)}
	s, isSecret := o.(*corev1ac.SecretApplyConfiguration)
	if isSecret && s.ObjectMetaApplyConfiguration != nil {
		unpinned, metadata := *s, *s.ObjectMetaApplyConfiguration
		metadata.UID, metadata.ResourceVersion = nil, nil
		unpinned.ObjectMetaApplyConfiguration = &metadata
		o, s = &unpinned, &unpinned
	}
	document, err := json.Marshal(o)
	if err != nil {
		return w, fmt.Errorf("marshal %s: %w", *o.GetName(), err)
	}
	w.digest = sha256.Sum256(document)
	w.public = w.digest
	if isSecret {
		w.secret = true
		valueless := *s
		valueless.Data = make(map[string][]byte, len(s.Data))
		for key := range s.Data {
			valueless.Data[key] = nil
		}
		if document, err = json.Marshal(&valueless); err != nil {
			return w, fmt.Errorf("marshal %s: %w", *o.GetName(), err)
		}
		w.public = sha256.Sum256(document)
	}
	return w, nil
}

// stateOf names what was applied together with what the object is: as long as it stays the
// same, to apply the same again would change nothing. Whoever changes anything that was
// applied makes it another.
//
// An object that has a generation gets a new one with each change of its spec, and none
// when others write its status, which they do all the time; its metadata is compared by
// itself, as far as the operator writes it. So it is of an object whose spec is given. Of
// any other each write counts.
func (w wanted) stateOf(existing metav1.Object, spec []byte) string {
	seen := struct {
		Wanted              digest
		UID, Version        string
		Generation          int64
		Spec                []byte
		Labels, Annotations map[string]string
		Owners              []metav1.OwnerReference
	}{Wanted: w.public, UID: string(existing.GetUID()), Generation: existing.GetGeneration(), Spec: spec}
	if seen.Generation == 0 && spec == nil {
		seen.Version = existing.GetResourceVersion()
	} else {
		seen.Labels = among(w.labels, existing.GetLabels())
		seen.Annotations = among(w.annotations, existing.GetAnnotations())
		seen.Owners = existing.GetOwnerReferences()
	}
	document, _ := json.Marshal(seen) // of strings and numbers alone
	sum := sha256.Sum256(document)
	return base64.RawURLEncoding.EncodeToString(sum[:stateSize])
}

// stateSize is of how many bytes a state is: nobody finds two objects of one state by
// trying, and a thousand realms keep them in memory.
const stateSize = 16

// among are the values of an object under the keys that the operator writes.
func among(written, existing map[string]string) map[string]string {
	values := map[string]string{}
	for key := range written {
		if value, found := existing[key]; found {
			values[key] = value
		}
	}
	return values
}
