// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// scope is what one pass has gathered of a realm: what it is made of, and what is
// missing.
type scope struct {
	inputs render.Inputs

	// generator reads and makes the realm's own Secrets, and versions are those of them as
	// they were read.
	generator secrets.Generator
	versions  secrets.Versions

	// newest is the realm as the API server has it, nil as long as nobody needed to know.
	newest *v1alpha1.AuthRealm

	// ownFailures are what is wrong with the realm's own Secrets. What depends on one
	// stays as it is; everything else goes on.
	ownFailures []*conditions.Failure

	// retry is set when something stands in the way that may cease to without
	// anybody being told, whether or not a condition says so.
	retry bool

	// missingKinds are the kinds that the cluster does not have now, and unknownKinds
	// those of which nobody knows, each with why. Nobody tells of new kinds when they are
	// unwatched.
	missingKinds   []schema.GroupVersionKind
	unknownKinds   map[schema.GroupVersionKind]*conditions.Failure
	kindsUnwatched bool

	keys        keysState
	idTokens    idTokens
	certificate certificateState
	settings    settingsState
	database    storeState
	cache       storeState

	encryption realmconfig.EncryptionKeys

	// delivery says what is missing for mail and text messages.
	delivery deliveryState

	// registration says what is missing for clients to register themselves.
	registration registrationState

	// pullSecrets says what is missing to pull images with.
	pullSecrets pullSecretsState

	// claims says what is wrong with the claims of the spec, which those before stay for.
	claims *conditions.Failure

	// branding says what of ui the pages do without.
	branding *conditions.Failure

	// ingress is why the Ingress is left as it is.
	ingress *conditions.Failure

	// duplicateIssuer names an older realm of the same issuer; issuersUnknown is why
	// nobody knows of one.
	duplicateIssuer, issuersUnknown *conditions.Failure

	// standingBack are the Leases of installations that leave the realm to this one.
	standingBack []types.NamespacedName

	// providers are those in inputs, as the status shows them; proven says of each that the
	// realm has, by name, whether it works but for its pods.
	providers []v1alpha1.ProviderStatus
	proven    map[string]bool

	// secretSources name, by provider, the version of the Secret that has the client secret
	// in inputs.
	secretSources map[string]string
}

// gather reads or makes everything the realm's objects are made of. What cannot be
// had becomes a failure to its own part alone; an error ends the pass.
func (r *reconciler) gather(ctx context.Context, realm *v1alpha1.AuthRealm) (scope, error) {
	s := scope{
		inputs:    render.Inputs{Realm: realm, Images: r.images, OperatorNamespace: r.operatorNamespace},
		generator: r.generator.Listing(ctx, realm), versions: secrets.Versions{},
	}
	for _, step := range []func(context.Context, *v1alpha1.AuthRealm, *scope) error{
		r.gatherKeys, r.gatherEncryptionKeys, r.gatherAdmin, r.gatherManagedStores,
	} {
		failure, err := s.classify(step(ctx, realm, &s))
		if err != nil {
			return scope{}, err
		}
		s.addOwnFailure(failure)
	}
	for _, step := range []func(context.Context, *v1alpha1.AuthRealm, *scope) error{
		r.gatherInstallations, r.gatherKinds, r.gatherIssuer, r.gatherReferences, r.gatherCertificate, r.gatherDatabase, r.gatherCache, r.gatherPorts,
		r.gatherDelivery, r.gatherRegistration, r.gatherPullSecrets, r.gatherBranding, r.gatherProviders, r.gatherIDTokens, r.gatherClaims, r.gatherSettings, r.gatherAsked,
	} {
		if err := step(ctx, realm, &s); err != nil {
			return scope{}, err
		}
	}
	return s, nil
}

// addOwnFailure notes what is wrong with one of the realm's own Secrets, nil for nothing.
func (s *scope) addOwnFailure(f *conditions.Failure) {
	if f != nil {
		s.ownFailures = append(s.ownFailures, f)
	}
}

// classify is conditions.Classify for a pass over a realm, which remembers that
// something is retryable: a later failure may hide it, and so may what the pass falls
// back to.
func (s *scope) classify(err error) (*conditions.Failure, error) {
	f, err := conditions.Classify(err)
	s.retry = s.retry || f != nil && conditions.Retryable(f.Reason)
	return f, err
}

func (r *reconciler) gatherKeys(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	data, created, err := s.generator.Ensure(ctx, realm, s.versions, secrets.Generated{
		Name: render.NamesOf(realm).SigningKeys(), Type: corev1.SecretTypeOpaque, GiveUpAnnotation: v1alpha1.NewSigningKeysAnnotation,
		Generate: func() (map[string][]byte, error) {
			policy := rotationPolicy(realm, render.Config(s.inputs).Tokens, s.idTokens)
			keyset, err := rotation.First(policy, r.now().UTC().Truncate(time.Second), mintFrom(r.random))
			if err != nil {
				return nil, err
			}
			return keysetData(keyset)
		},
		Read: func(data map[string][]byte) (err error) {
			s.keys.keyset, err = realmconfig.ReadKeyset(data[render.KeysetKey], data[render.EarlierKeysetKey])
			return ofKey(keysetKey(data), err)
		},
	})
	if s.keys.failure, _ = conditions.Classify(err); err != nil {
		return err
	}
	s.holdKeyset(data)
	if created && len(realm.Status.SigningKeys) > 0 {
		r.events.Warning(realm, eventSecretRemade, actionGenerate,
			"The signing keys were lost, and new ones were made: tokens of the earlier ones are refused, and everybody refreshes once")
	}
	return nil
}

// keysetKey is the key under which a Secret has the key set: of the release before, the
// earlier one.
func keysetKey(data map[string][]byte) string {
	if len(data[render.KeysetKey]) == 0 {
		return render.EarlierKeysetKey
	}
	return render.KeysetKey
}

func (r *reconciler) gatherEncryptionKeys(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	data, created, err := s.generator.Ensure(ctx, realm, s.versions, secrets.Generated{
		Name: render.NamesOf(realm).EncryptionKeys(), Type: corev1.SecretTypeOpaque, GiveUpAnnotation: v1alpha1.NewEncryptionKeysAnnotation,
		Generate: func() (map[string][]byte, error) {
			document, err := firstEncryptionKeys(r.random)
			return map[string][]byte{render.EncryptionKeysKey: document}, err
		},
		MayCreate: func() error { return r.mayGenerateEncryptionKeys(ctx, realm, s) },
		Read: func(data map[string][]byte) error {
			s.encryption = realmconfig.EncryptionKeys{}
			return ofKey(render.EncryptionKeysKey, realmconfig.Decode(data[render.EncryptionKeysKey], &s.encryption))
		},
	})
	if err != nil {
		return err
	}
	s.inputs.EncryptionKeys = data[render.EncryptionKeysKey]
	if created && realm.Annotations[v1alpha1.NewEncryptionKeysAnnotation] != "" {
		r.events.Warning(realm, eventSecretRemade, actionGenerate,
			"New encryption keys were made, as an annotation asked for: whoever has a second factor sets it up again")
	}
	return nil
}

func (r *reconciler) gatherAdmin(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	name := render.NamesOf(realm).InitialAdmin()
	data, _, err := s.generator.Ensure(ctx, realm, s.versions, secrets.Generated{Name: name, Type: corev1.SecretTypeOpaque,
		Generate: func() (map[string][]byte, error) {
			password, err := secrets.NewPassword(r.random)
			return map[string][]byte{
				render.AdminEmailKey:    []byte(render.AdminEmail(realm)),
				render.AdminPasswordKey: []byte(password),
			}, err
		},
	})
	if err != nil {
		return err
	}
	var missing []string
	for _, key := range []string{render.AdminEmailKey, render.AdminPasswordKey} {
		if len(data[key]) == 0 {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "Secret %q has no key %s; add it", name, strings.Join(missing, " and no key "))
	}
	s.inputs.Admin = render.Admin{
		Email:    string(data[render.AdminEmailKey]),
		Password: string(data[render.AdminPasswordKey]),
	}
	return nil
}

// ofKey is what is wrong with the document under a key.
func ofKey(key string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
