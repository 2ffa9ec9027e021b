// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// lastApplied is what was applied of realms, and what became of it. To apply the same
// again would change nothing as long as nobody has written to the object since. What an
// operator that starts knows is in the realms' statuses; what is forgotten costs a request
// and nothing else.
type lastApplied struct {
	mu     sync.Mutex
	realms map[types.NamespacedName]map[render.Reference]application

	// resumed are the states of what an earlier operator has applied, by nameOf, until the
	// end of the first pass over the realm.
	resumed map[types.NamespacedName]map[string]string
}

// application is the last one of an object.
type application struct {
	// state names what was applied and what the object was then; see stateOf.
	state string

	// digest is that of all that was applied. It is unknown, the zero value, of what an
	// earlier operator has applied.
	digest digest

	// version is that of the object, generation likewise, 0 for one that has none.
	version    string
	generation int64

	// answer is what the API server said of an object with a status that counts, as it was
	// in that version.
	answer render.Object
}

// resumed reports whether an earlier operator has made the application.
func (a application) resumed() bool { return a.digest == digest{} }

// find returns the last application of an object, if any is known.
func (l *lastApplied) find(realm types.NamespacedName, ref render.Reference) (last application, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, known = l.realms[realm][ref]; known {
		return last, true
	}
	state, known := l.resumed[realm][nameOf(ref)]
	return application{state: state}, known
}

// knows reports whether an object was applied.
func (l *lastApplied) knows(realm types.NamespacedName, ref render.Reference) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.realms[realm][ref]
	return known
}

// madeOf reports whether what has the digest was applied last, to the version of an object.
func (l *lastApplied) madeOf(realm types.NamespacedName, ref render.Reference, digest digest, version string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.realms[realm][ref]
	return known && last.digest == digest && last.version == version
}

// store remembers the last application of an object.
func (l *lastApplied) store(realm types.NamespacedName, ref render.Reference, last application) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.realms == nil {
		l.realms = map[types.NamespacedName]map[render.Reference]application{}
	}
	if l.realms[realm] == nil {
		l.realms[realm] = map[render.Reference]application{}
	}
	l.realms[realm][ref] = last
}

// answered is the application that the API server answered, which was of w.
func answered(w wanted, answer render.Object) (application, error) {
	metadata, err := metadataIn(answer)
	if err != nil {
		return application{}, err
	}
	var spec []byte
	if autoscaler, ok := answer.(*autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration); ok && metadata.Generation == 0 {
		if spec, err = specIn(autoscaler.Spec); err != nil {
			return application{}, err
		}
	}
	return application{
		state: w.stateOf(metadata, spec), digest: w.digest,
		version: metadata.ResourceVersion, generation: metadata.Generation, answer: kept(answer),
	}, nil
}

// kept is an answer if it has a status that counts, nil otherwise.
func kept(answer render.Object) render.Object {
	if hasStatus(answer) {
		return answer
	}
	return nil
}

// hasStatus reports whether an object has a status that counts and that is not in the
// cache.
func hasStatus(o render.Object) bool {
	switch o.(type) {
	case *networkingv1ac.IngressApplyConfiguration, *render.Custom:
		return true
	}
	return false
}

// resume takes over the states of a realm of which nothing is known yet.
func (l *lastApplied) resume(realm types.NamespacedName, applied []v1alpha1.AppliedObject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.realms[realm] != nil {
		return
	}
	if l.resumed == nil {
		l.resumed = map[types.NamespacedName]map[string]string{}
	}
	states := make(map[string]string, len(applied))
	for _, o := range applied {
		states[o.Object] = o.State
	}
	l.resumed[realm] = states
}

// states are those of everything that was applied of a realm, by nameOf.
func (l *lastApplied) states(realm types.NamespacedName) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	states := make(map[string]string, len(l.realms[realm]))
	for ref, last := range l.realms[realm] {
		states[nameOf(ref)] = last.state
	}
	return states
}

// retain forgets what the realm has no longer, and what an earlier operator had applied
// and this one has not come to.
func (l *lastApplied) retain(realm types.NamespacedName, objects []render.Object) {
	rendered := map[render.Reference]bool{}
	for _, o := range objects {
		rendered[render.ReferenceTo(o)] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.resumed, realm)
	maps.DeleteFunc(l.realms[realm], func(ref render.Reference, _ application) bool { return !rendered[ref] })
}

// forget is for realms that are gone.
func (l *lastApplied) forget(realm types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.realms, realm)
	delete(l.resumed, realm)
}

// metadataIn is that of an object that the API server answered with.
func metadataIn(o render.Object) (*metav1.PartialObjectMetadata, error) {
	document, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("marshal %s: %w", *o.GetName(), err)
	}
	read := &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(document, read); err != nil {
		return nil, fmt.Errorf("read metadata of %s: %w", *o.GetName(), err)
	}
	return read, nil
}
