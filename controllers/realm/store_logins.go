// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// A managed store's password changes in two steps. First the store takes two
// logins and its URL names the new one; pods go over one by one. When every pod
// has, the store takes the new one alone. Each step is one write of the store's
// Secret, so that an operator may stop at any point and another goes on.

// overlap is for how long at least a store takes both logins. Pods that were on
// their way out when the password changed, and never learned of it, are gone by
// then.
const overlap = time.Minute

// managedStore is one of the stores that the operator runs for a realm.
type managedStore struct {
	product   string
	condition string
	state     func(*scope) *storeState

	secret string
	login  *render.StoreLogin
	after  *metav1.Time
	read   func(data map[string][]byte, made time.Time) (render.StoreLogin, error)
	render func(render.Inputs) *corev1ac.SecretApplyConfiguration
}

// managedStores are those of a realm, with their logins in in.
func managedStores(in *render.Inputs) []managedStore {
	var stores []managedStore
	if render.ManagesDatabase(in.Realm) {
		stores = append(stores, managedStore{
			"PostgreSQL", v1alpha1.DatabaseReadyCondition, func(s *scope) *storeState { return &s.database },
			render.NamesOf(in.Realm).Database(), &in.Database,
			render.RotateDatabaseAfter(in.Realm), render.ReadDatabaseLogin, render.DatabaseSecret,
		})
	}
	if render.ManagesCache(in.Realm) {
		stores = append(stores, managedStore{
			"Redis", v1alpha1.CacheReadyCondition, func(s *scope) *storeState { return &s.cache },
			render.NamesOf(in.Realm).Cache(), &in.Cache,
			render.RotateCacheAfter(in.Realm), render.ReadCacheLogin, render.CacheSecret,
		})
	}
	return stores
}

// gatherLogins reads or makes how pods log in to the stores that the operator
// runs, and makes a new password where one is asked for.
func (r *reconciler) gatherLogins(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	for _, store := range managedStores(&s.inputs) {
		failure, err := s.classify(r.gatherLogin(ctx, realm, s, store))
		if err != nil {
			return err
		}
		store.state(s).failure = failure
		s.addOwnFailure(failure)
	}
	return nil
}

func (r *reconciler) gatherLogin(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, store managedStore) error {
	login, err := r.login(ctx, realm, s, store)
	if err != nil {
		return err
	}
	*store.login = login
	if !rotationDue(login, store.after, r.now()) {
		return nil
	}
	password, err := secrets.NewPassword(r.random)
	if err != nil {
		return err
	}
	*store.login = login.Next(password, r.now())
	if err := r.applier.ApplySecret(ctx, realm, s.versions, store.render(s.inputs)); err != nil {
		*store.login = login // which is what the store and its pods have
		return err
	}
	r.events.Normal(realm, eventPasswordRotating, actionRotate,
		"The managed %s gets a new password; the earlier one is valid until every pod uses it", store.product)
	return nil
}

func (r *reconciler) login(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, store managedStore) (render.StoreLogin, error) {
	secret, created, err := r.generator.GetOrCreate(ctx, realm, store.secret, corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		password, err := secrets.NewPassword(r.random)
		return map[string][]byte{render.PasswordKey: []byte(password)}, err
	})
	if err != nil {
		return render.StoreLogin{}, err
	}
	s.versions.Note(secret)
	login, err := store.read(secret.Data, secret.CreationTimestamp.Time)
	if err != nil {
		return render.StoreLogin{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"Secret %q cannot be used: %v; correct it, and the managed %s takes it up", store.secret, err, store.product)
	}
	if created && meta.IsStatusConditionTrue(realm.Status.Conditions, store.condition) {
		r.events.Warning(realm, eventSecretRemade, actionGenerate,
			"The password of the managed %s was lost, and it gets a new one; nothing that it holds is lost", store.product)
	}
	return login, nil
}

// rotationDue reports whether a new password is asked for. One rotation ends
// before the next begins: a store takes no third login.
func rotationDue(l render.StoreLogin, after *metav1.Time, now time.Time) bool {
	return after != nil && l.Earlier == nil && l.Since.Before(after.Time) && !now.Before(after.Time)
}

// superseded reports whether nobody needs the earlier login any longer.
func superseded(l render.StoreLogin, st state) bool {
	return l.Earlier != nil && st.want.credentials != "" && st.everyPodCurrent() && !st.now.Before(l.Since.Add(overlap))
}

// nextRotationStep is when the rotation of a login goes on though nothing happens, the
// zero time for never.
func nextRotationStep(l render.StoreLogin, after *metav1.Time, now time.Time) time.Time {
	switch {
	case l.Earlier != nil && l.Since.Add(overlap).After(now):
		return l.Since.Add(overlap)
	case after != nil && after.After(now) && l.Since.Before(after.Time):
		return after.Time
	}
	return time.Time{}
}

// dropEarlierLogins takes the second step for the stores whose pods have all
// taken the first.
func (r *reconciler) dropEarlierLogins(ctx context.Context, st *state) error {
	for _, store := range managedStores(&st.inputs) {
		if !superseded(*store.login, *st) {
			continue
		}
		login := *store.login
		store.login.Earlier = nil
		err := r.applier.ApplySecret(ctx, st.inputs.Realm, st.versions, store.render(st.inputs))
		if err != nil {
			*store.login = login
		}
		if conditions.IsConflict(err) {
			continue // it has changed since it was read, which another pass looks at
		}
		if err != nil {
			return err
		}
		r.events.Normal(st.inputs.Realm, eventPasswordRotated, actionRotate,
			"Every pod uses the new password of the managed %s; the earlier one is no longer valid", store.product)
	}
	return nil
}
