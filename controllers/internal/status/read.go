// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Read reads an object with a status that is no older than what the Writer has written or
// read of it: from the cache, and where that lags behind, or knows no such object, from
// live, which is no cache. So does the pass after one whose status was refused: somebody
// else has written what the cache may not know yet. The error is apierrors.IsNotFound where
// there is no such object.
func (w Writer) Read(ctx context.Context, cache, live client.Reader, name types.NamespacedName, into client.Object) error {
	if least, certain := w.known.of(name); certain {
		if err := cache.Get(ctx, name, into); err == nil && !older(into.GetResourceVersion(), least) {
			return nil
		}
	}
	if err := live.Get(ctx, name, into); err != nil {
		if client.IgnoreNotFound(err) == nil {
			w.known.forget(name)
		}
		return err
	}
	w.known.note(into)
	return nil
}

// versions are the newest that are known of objects.
type versions struct {
	mu    sync.Mutex
	known map[types.NamespacedName]string
}

// doubted is the version of an object of which somebody else has written one that is not
// known.
const doubted = ""

// of is the newest version that is known of an object, "" for none, and whether there is
// none that is newer as far as anybody could know.
func (v *versions) of(name types.NamespacedName) (version string, certain bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	version, found := v.known[name]
	return version, !found || version != doubted
}

func (v *versions) note(o client.Object) {
	v.set(client.ObjectKeyFromObject(o), o.GetResourceVersion())
}

func (v *versions) doubt(name types.NamespacedName) { v.set(name, doubted) }

func (v *versions) set(name types.NamespacedName, version string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[types.NamespacedName]string{}
	}
	v.known[name] = version
}

// forget is for objects that are gone.
func (v *versions) forget(name types.NamespacedName) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, name)
}

// older reports whether a version came before another, and says so where nobody can tell.
func older(version, than string) bool {
	if than == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err != nil || order < 0
}
