// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Listing is a Generator for one pass over a realm. It knows the Secrets that are marked as
// the realm's own, which it has read past the cache at once, and reads any other by itself.
// Where they cannot be listed it reads each, and what is refused then says why; and so it
// does of those that come after many others, which anybody may mark.
//
// Of a realm that is being born there are none, and nobody is asked: nothing was said of it
// yet, and a cache of metadata does not know its signing keys, which are made first. What
// there is all the same is found when it is to be made.
func (g Generator) Listing(ctx context.Context, realm *v1alpha1.AuthRealm) Generator {
	none := g
	none.live = listed{Reader: g.live, all: true}
	if len(realm.Status.Conditions) == 0 && none.Absent(ctx, realm, render.NamesOf(realm).SigningKeys()) {
		return none
	}
	var list corev1.SecretList
	own := client.MatchingLabels{render.RealmLabel: realm.Name}
	if err := g.live.List(ctx, &list, client.InNamespace(realm.Namespace), own, client.Limit(maxListed)); err != nil {
		return g
	}
	read := listed{g.live, map[types.NamespacedName]*corev1.Secret{}, list.Continue == ""}
	for i := range list.Items {
		read.secrets[client.ObjectKeyFromObject(&list.Items[i])] = &list.Items[i]
	}
	g.live = read
	return g
}

// maxListed is somewhat more than a realm has, and bounds what a pass holds in memory.
const maxListed = 16

// Absent reports whether there is no Secret of a name, as far as the list of the realm's own
// goes, and a cache of the metadata of all others. There may be one all the same.
func (g Generator) Absent(ctx context.Context, realm *v1alpha1.AuthRealm, name string) bool {
	key := types.NamespacedName{Namespace: realm.Namespace, Name: name}
	read, listing := g.live.(listed)
	if !listing || !read.all {
		return false
	}
	if _, found := read.secrets[key]; found {
		return false
	}
	return apierrors.IsNotFound(g.client.Get(ctx, key, kinds.Metadata(corev1.SchemeGroupVersion.WithKind("Secret"))))
}

// Marked is one of the realm's own Secrets as it is known, nil when none is.
func (g Generator) Marked(ctx context.Context, realm *v1alpha1.AuthRealm, name string) *corev1.Secret {
	if _, listing := g.live.(listed); !listing || g.Absent(ctx, realm, name) {
		return nil
	}
	s, err := g.Owned(ctx, realm, name)
	if err != nil {
		return nil // whoever needs it finds out why
	}
	return s
}

// listed is a reader that was told of some Secrets, each of which is nil once it was read.
type listed struct {
	client.Reader
	secrets map[types.NamespacedName]*corev1.Secret

	// all is set when there are no others of the realm.
	all bool
}

// Get reads a Secret once from the list: whoever reads it again wants to know what has
// become of it.
func (l listed) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	if s, ok := into.(*corev1.Secret); ok && l.secrets[key] != nil {
		l.secrets[key].DeepCopyInto(s)
		l.secrets[key] = nil
		return nil
	}
	return l.Reader.Get(ctx, key, into, options...)
}
