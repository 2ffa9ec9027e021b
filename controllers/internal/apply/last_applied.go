// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// lastApplied is what this operator has applied, and what became of it. To apply the
// same again would change nothing as long as nobody has written to the object
// since, which its resource version tells. An operator that starts knows nothing
// and applies everything; what it forgets costs a request and nothing else.
type lastApplied struct {
	mu     sync.Mutex
	realms map[types.NamespacedName]map[render.Reference]application
}

// application is the last one of an object.
type application struct {
	digest  [sha256.Size]byte
	version string

	// answer is what the API server said of an object with a status that counts. It
	// is as new as version: a status that is written makes another.
	answer render.Object
}

// find returns the last application of an object, and reports whether to apply what has
// the digest to what exists would change nothing.
func (l *lastApplied) find(
	realm types.NamespacedName, ref render.Reference, digest [sha256.Size]byte, existing metav1.Object,
) (last application, unchanged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.realms[realm][ref]
	return last, known && last.version == existing.GetResourceVersion() && last.digest == digest
}

// store remembers what was applied and what was answered.
func (l *lastApplied) store(realm types.NamespacedName, digest [sha256.Size]byte, answer render.Object) error {
	version, err := versionIn(answer)
	if err != nil {
		return err
	}
	o := application{digest: digest, version: version}
	switch answer.(type) {
	case *appsv1ac.DeploymentApplyConfiguration, *appsv1ac.StatefulSetApplyConfiguration,
		*networkingv1ac.IngressApplyConfiguration, *render.Custom:
		o.answer = answer
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.realms == nil {
		l.realms = map[types.NamespacedName]map[render.Reference]application{}
	}
	if l.realms[realm] == nil {
		l.realms[realm] = map[render.Reference]application{}
	}
	l.realms[realm][render.ReferenceTo(answer)] = o
	return nil
}

// retain forgets what the realm has no longer.
func (l *lastApplied) retain(realm types.NamespacedName, objects []render.Object) {
	rendered := map[render.Reference]bool{}
	for _, o := range objects {
		rendered[render.ReferenceTo(o)] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.realms[realm], func(ref render.Reference, _ application) bool { return !rendered[ref] })
}

// forget is for realms that are gone.
func (l *lastApplied) forget(realm types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.realms, realm)
}

// digestOf names what is applied, whatever version of the object it is meant for.
func digestOf(o render.Object) ([sha256.Size]byte, error) {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok && s.ObjectMetaApplyConfiguration != nil {
		unpinned, metadata := *s, *s.ObjectMetaApplyConfiguration
		metadata.UID, metadata.ResourceVersion = nil, nil
		unpinned.ObjectMetaApplyConfiguration = &metadata
		o = &unpinned
	}
	document, err := json.Marshal(o)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("marshal %s: %w", *o.GetName(), err)
	}
	return sha256.Sum256(document), nil
}

// versionIn is the resource version of an object that the API server answered with.
func versionIn(o render.Object) (string, error) {
	document, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("marshal %s: %w", *o.GetName(), err)
	}
	var read metav1.PartialObjectMetadata
	if err := json.Unmarshal(document, &read); err != nil {
		return "", fmt.Errorf("read version of %s: %w", *o.GetName(), err)
	}
	return read.ResourceVersion, nil
}
