// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// storeState is what is known of the database or the cache before anything is applied.
type storeState struct {
	managed bool
	failure *conditions.Failure

	// url and ca are what pods read. There is no url while its Secret is missing:
	// running pods keep what they had.
	url, ca realmconfig.Credential
}

func (r *reconciler) gatherDatabase(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	if render.ManagesDatabase(realm) {
		if s.database.managed = true; s.inputs.Database.Password != "" {
			s.database.url = realmconfig.NewCredential(render.ManagedDatabaseURL(s.inputs))
			s.database.ca = realmconfig.NewCredential(s.inputs.DatabaseTLS.Trusted)
		}
		return nil
	}
	return r.gatherStore(ctx, realm.Namespace, s, &s.database, "database",
		render.DatabaseURL(realm), render.DatabaseCA(realm), realmconfig.ValidateDatabaseURL)
}

func (r *reconciler) gatherCache(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	if render.ManagesCache(realm) {
		if s.cache.managed = true; s.inputs.Cache.Password != "" {
			s.cache.url = realmconfig.NewCredential(render.ManagedCacheURL(s.inputs))
			s.cache.ca = realmconfig.NewCredential(s.inputs.CacheTLS.Trusted)
		}
		return nil
	}
	return r.gatherStore(ctx, realm.Namespace, s, &s.cache, "cache",
		render.CacheURL(realm), render.CacheCA(realm), realmconfig.ValidateCacheURL)
}

// gatherPorts notes where pods call the stores of the user's, for policies to
// let them. What they may call stays while nobody knows where one is.
func (r *reconciler) gatherPorts(_ context.Context, _ *v1alpha1.AuthRealm, s *scope) error {
	for _, store := range []storeState{s.database, s.cache} {
		switch {
		case store.managed:
		case store.url == "":
			s.inputs.WithoutServerPolicy = true
		default:
			s.inputs.StorePorts = append(s.inputs.StorePorts, render.StorePorts(string(store.url))...)
		}
	}
	return nil
}

// gatherStore looks at the Secrets of a store of the user's.
func (r *reconciler) gatherStore(
	ctx context.Context, namespace string, s *scope, store *storeState, field string,
	url v1alpha1.SecretKeyRef, ca *v1alpha1.SecretKeyRef, validate func(string) error,
) (err error) {
	store.url, err = r.storeSecret(ctx, namespace, field+".urlSecretRef", url, validate)
	if store.failure, err = s.classify(err); err != nil || ca == nil {
		return err
	}
	store.ca, err = r.storeSecret(ctx, namespace, field+".caSecretRef", *ca, validateCA)
	further, err := s.classify(err)
	if further != nil {
		store.failure = joined(store.failure, further)
	}
	return err
}

// storeSecret is one value of a user's Secret. It returns the value even with
// a failure, where there is one: that is what pods read.
func (r *reconciler) storeSecret(
	ctx context.Context, namespace, field string, ref v1alpha1.SecretKeyRef, validate func(string) error,
) (realmconfig.Credential, error) {
	data, err := r.references.Data(ctx, namespace, field, ref.Name, ref.Key)
	if err != nil {
		return "", err
	}
	value := realmconfig.NewCredential(data[ref.Key])
	if problem := validate(string(value)); problem != nil {
		return value, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q %v; correct it, and pods take it up", field, ref.Key, ref.Name, problem)
	}
	return value, nil
}

func validateCA(pem string) error {
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(pem)) {
		return errors.New("holds no certificate in PEM")
	}
	return nil
}
