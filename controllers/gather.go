// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// gathered is what a realm is made of, and what is missing.
type gathered struct {
	inputs render.Inputs

	// versions are those of the realm's own Secrets as they were read, by name.
	// They are applied only over those: what has changed since, or was deleted,
	// is not undone unseen.
	versions map[string]version

	// blocked stops the pass: one of the realm's own Secrets cannot be used.
	blocked *obstacle

	// lacks are the kinds that the cluster does not have now. Nobody tells of new
	// ones while untold.
	lacks  []schema.GroupVersionKind
	untold bool

	keys        keysView
	certificate certificateView
	settings    settingsView
	database    storeView
	cache       storeView

	encryption realmconfig.EncryptionKeys

	// delivery says what is missing for mail and text messages.
	delivery deliveryView

	// branding says what of ui the pages do without.
	branding *obstacle

	// duplicate names an older realm of the same issuer.
	duplicate *obstacle

	// providers are those in inputs, as the status shows them.
	providers []v1alpha1.ProviderStatus
}

// version is one state of one object.
type version struct {
	uid      types.UID
	resource string
}

func versionOf(o client.Object) version { return version{o.GetUID(), o.GetResourceVersion()} }

// gather reads or makes everything the realm's objects are made of. The error
// is worth a retry; everything else is an obstacle in what is returned.
func (r *reconciler) gather(ctx context.Context, realm *v1alpha1.AuthRealm) (gathered, error) {
	g := gathered{
		inputs:   render.Inputs{Realm: realm, Images: r.images, OperatorNamespace: r.namespace},
		versions: map[string]version{},
	}
	for _, step := range []func(context.Context, *v1alpha1.AuthRealm, *gathered) error{
		r.gatherKeys, r.gatherEncryptionKeys, r.gatherAdmin, r.gatherLogins,
	} {
		obstacle, err := sortOut(step(ctx, realm, &g))
		if err != nil {
			return gathered{}, err
		}
		if g.blocked == nil {
			g.blocked = obstacle
		}
	}
	for _, step := range []func(context.Context, *v1alpha1.AuthRealm, *gathered) error{
		r.gatherKinds, r.gatherIssuer, r.gatherCertificate, r.gatherDatabase, r.gatherCache, r.gatherPorts, r.gatherDelivery, r.gatherBranding,
		r.gatherProviders, r.gatherSettings,
	} {
		if err := step(ctx, realm, &g); err != nil {
			return gathered{}, err
		}
	}
	return g, nil
}

// content is generate, with the version noted.
func (r *reconciler) content(
	ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered, name string, kind corev1.SecretType,
	content func() (map[string][]byte, error),
) (map[string][]byte, bool, error) {
	s, created, err := r.generate(ctx, realm, name, kind, content)
	if err != nil {
		return nil, false, err
	}
	g.versions[name] = versionOf(s)
	return s.Data, created, nil
}

func (r *reconciler) gatherKeys(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	name := render.NamesOf(realm).SigningKeys()
	data, _, err := r.content(ctx, realm, g, name, corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		policy := rotationPolicy(realm, render.Config(g.inputs).Tokens)
		keyset, err := rotation.First(policy, r.now().UTC().Truncate(time.Second), mintFrom(r.random))
		if err != nil {
			return nil, err
		}
		document, err := realmconfig.Encode(keyset)
		return map[string][]byte{render.KeysetKey: document}, err
	})
	if err == nil {
		g.inputs.Keyset = data[render.KeysetKey]
		g.keys.revision = realmconfig.Revision(g.inputs.Keyset)
		err = usable(name, render.KeysetKey, realmconfig.Decode(g.inputs.Keyset, &g.keys.keyset))
	}
	g.keys.obstacle, _ = sortOut(err)
	return err
}

func (r *reconciler) gatherEncryptionKeys(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	name := render.NamesOf(realm).EncryptionKeys()
	data, _, err := r.content(ctx, realm, g, name, corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		document, err := firstEncryptionKeys(r.random)
		return map[string][]byte{render.EncryptionKeysKey: document}, err
	})
	if err != nil {
		return err
	}
	g.inputs.EncryptionKeys = data[render.EncryptionKeysKey]
	return usable(name, render.EncryptionKeysKey, realmconfig.Decode(g.inputs.EncryptionKeys, &g.encryption))
}

func (r *reconciler) gatherAdmin(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	name := render.NamesOf(realm).InitialAdmin()
	data, _, err := r.content(ctx, realm, g, name, corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		password, err := newPassword(r.random)
		return map[string][]byte{
			render.AdminEmailKey:    []byte(render.AdminEmail(realm)),
			render.AdminPasswordKey: []byte(password),
		}, err
	})
	g.inputs.Admin = render.Admin{
		Email:    string(data[render.AdminEmailKey]),
		Password: string(data[render.AdminPasswordKey]),
	}
	return err
}

// usable turns what is wrong with a document of the realm's own into an
// obstacle. It is not made anew: that could lose what nobody can bring back.
func usable(secret, key string, problem error) error {
	if problem == nil {
		return nil
	}
	return obstructed(v1alpha1.ReasonInvalidSecret,
		"Secret %q: %s cannot be used (%v); restore it, or delete the Secret to have a new one made", secret, key, problem)
}

// soonest is the earlier of two times, where the zero time is none.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
