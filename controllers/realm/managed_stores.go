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
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// What a managed store and its pods have in common changes in two steps: a password, an
// authority, and that they speak TLS at all. First the store takes the old and
// the new, and its Secret names the new; pods go over one by one. When every pod
// has, the store takes the new alone. Each step is one write of the store's
// Secret, so that an operator may stop at any point and another goes on.

// managedStore is one of the stores that the operator runs for a realm.
type managedStore struct {
	product   string
	condition string
	state     func(*scope) *storeState

	// secret names the Secret, and everything else of the store.
	secret string
	login  *render.StoreLogin
	tls    *render.StoreTLS
	after  *metav1.Time
	first  func(password string, lost bool) (data map[string][]byte)
	read   func(data map[string][]byte, made time.Time) (render.StoreLogin, error)
	render func(render.Inputs) *corev1ac.SecretApplyConfiguration
}

// managedStores are those of a realm, with their logins and certificates in in.
func managedStores(in *render.Inputs) []managedStore {
	var stores []managedStore
	if render.ManagesDatabase(in.Realm) {
		stores = append(stores, managedStore{
			"PostgreSQL", v1alpha1.DatabaseReadyCondition, func(s *scope) *storeState { return &s.database },
			render.NamesOf(in.Realm).Database(), &in.Database, &in.DatabaseTLS,
			render.RotateDatabaseAfter(in.Realm), render.FirstDatabaseLogin, render.ReadDatabaseLogin, render.DatabaseSecret,
		})
	}
	if render.ManagesCache(in.Realm) {
		stores = append(stores, managedStore{
			"Redis", v1alpha1.CacheReadyCondition, func(s *scope) *storeState { return &s.cache },
			render.NamesOf(in.Realm).Cache(), &in.Cache, &in.CacheTLS,
			render.RotateCacheAfter(in.Realm), render.FirstCacheLogin, render.ReadCacheLogin, render.CacheSecret,
		})
	}
	return stores
}

// terms are what a store and its pods have in common.
type terms struct {
	login render.StoreLogin
	tls   render.StoreTLS
}

func (m managedStore) terms() terms     { return terms{*m.login, *m.tls} }
func (m managedStore) setTerms(t terms) { *m.login, *m.tls = t.login, t.tls }

// gatherManagedStores reads or makes how pods log in to the stores that the operator
// runs and how they speak TLS with them, and takes the first step to what is due.
func (r *reconciler) gatherManagedStores(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	stores := managedStores(&s.inputs)
	if len(stores) == 0 {
		return nil
	}
	remade, err := r.gatherStoresAuthority(ctx, realm, s)
	lacking, err := s.classify(err)
	if err != nil {
		return err
	}
	s.addOwnFailure(lacking)
	for _, store := range stores {
		failure, err := s.classify(r.gatherManagedStore(ctx, realm, s, store))
		if err != nil {
			return err
		}
		s.addOwnFailure(failure)
		if failure == nil && store.tls.Certificate == nil {
			failure = lacking
		}
		if store.tls.Certificate == nil {
			store.setTerms(terms{}) // what there is stays as it is
		}
		store.state(s).failure = failure
	}
	if remade {
		r.announceStoresAuthority(realm, stores, s.inputs.StoresAuthority)
	}
	return nil
}

// gatherManagedStore writes what is new at once: what is told of it is what pods are given.
func (r *reconciler) gatherManagedStore(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, store managedStore) error {
	have, err := r.readStore(ctx, realm, s, store)
	if err != nil {
		return err
	}
	store.setTerms(have)
	next := have
	rotates := rotationDue(have.login, store.after, r.now())
	if rotates {
		password, err := secrets.NewPassword(r.random)
		if err != nil {
			return err
		}
		next.login = have.login.Next(password, r.now())
	}
	if next.tls, err = r.nextTLS(s, store, have.tls); err != nil {
		return err
	}
	if !rotates && !next.tls.DiffersFrom(have.tls) || next.tls.Certificate == nil {
		return nil
	}
	if err := r.writeStore(ctx, realm, s, store, next); err != nil {
		return err
	}
	if rotates {
		r.events.Normal(realm, eventPasswordRotating, actionRotate,
			"The managed %s gets a new password; the earlier one is valid until every pod uses it", store.product)
	}
	return nil
}

// writeStore writes terms over those that were read.
func (r *reconciler) writeStore(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, store managedStore, next terms) error {
	have := store.terms()
	store.setTerms(next)
	err := r.applier.ApplyNew(ctx, realm, s.versions, func() *corev1ac.SecretApplyConfiguration { return store.render(s.inputs) })
	if err != nil {
		store.setTerms(have) // which is what the store and its pods have
	}
	return err
}

// readStore reads what a store's Secret says, which begins as a password. One that had a
// Secret before has lost it; its pods go on by what they have read.
func (r *reconciler) readStore(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, store managedStore) (terms, error) {
	lost := false
	secret, created, err := s.generator.GetOrCreate(ctx, realm, store.secret, func() (*corev1ac.SecretApplyConfiguration, error) {
		newest, err := r.newest(ctx, s) // which may say that the store has run
		if err != nil {
			return nil, err
		}
		before := meta.FindStatusCondition(newest.Status.Conditions, store.condition)
		lost = before != nil && before.Status == metav1.ConditionTrue && before.Reason == v1alpha1.ReasonReady
		return r.firstSecret(realm, s, store, lost)
	})
	if err != nil {
		return terms{}, err
	}
	s.versions.Note(secret)
	login, err := store.read(secret.Data, secret.CreationTimestamp.Time)
	if err != nil {
		return terms{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"Secret %q cannot be used: %v; correct it, and the managed %s takes it up", store.secret, err, store.product)
	}
	if created && lost {
		r.events.Warning(realm, eventSecretRemade, actionGenerate,
			"The password of the managed %s was lost, and it gets a new one; nothing that it holds is lost", store.product)
	}
	return terms{login, render.ReadStoreTLS(secret.Data)}, nil
}

// firstSecret is what the Secret of a store begins with: a login, and how the store speaks
// TLS, as far as there is an authority to say so.
func (r *reconciler) firstSecret(realm *v1alpha1.AuthRealm, s *scope, store managedStore, lost bool) (*corev1ac.SecretApplyConfiguration, error) {
	password, err := secrets.NewPassword(r.random)
	if err != nil {
		return nil, err
	}
	data := store.first(password, lost)
	first := terms{}
	if first.login, err = store.read(data, r.now().Truncate(time.Second)); err != nil {
		return nil, err
	}
	if first.tls, err = r.nextTLS(s, store, render.StoreTLS{}); err != nil {
		return nil, err
	}
	if first.tls.Certificate == nil {
		return render.Generated(realm, store.secret, corev1.SecretTypeOpaque, data), nil
	}
	have := store.terms()
	defer store.setTerms(have)
	store.setTerms(first)
	return store.render(s.inputs), nil
}

// settleManagedStores takes the second step for the stores whose pods have all taken the first.
func (r *reconciler) settleManagedStores(ctx context.Context, st *state) error {
	if st.want.credentials == "" || !st.everyPodCurrent() {
		return nil
	}
	realm := st.inputs.Realm
	for _, store := range managedStores(&st.inputs) {
		before := store.terms()
		if before.tls.Certificate == nil {
			continue
		}
		settled, err := r.settled(st, store)
		if err != nil {
			return err
		}
		rotated := before.login.Changing() && !settled.login.Changing()
		if !rotated && !settled.tls.DiffersFrom(before.tls) {
			continue
		}
		err = r.writeStore(ctx, realm, &st.scope, store, settled)
		if conditions.IsConflict(err) {
			continue // it has changed since it was read, which another pass looks at
		}
		if err != nil {
			return err
		}
		if rotated {
			r.events.Normal(realm, eventPasswordRotated, actionRotate,
				"Every pod uses the new password of the managed %s; the earlier one is no longer valid", store.product)
		}
		if before.tls.Plain && !settled.tls.Plain {
			r.events.Normal(realm, eventStoreEncrypted, actionRotate,
				"Every pod speaks TLS with the managed %s, which takes no other connections any more", store.product)
		}
	}
	return nil
}

// settled are the terms once every pod that serves has taken up those in force.
func (r *reconciler) settled(st *state, store managedStore) (terms, error) {
	t := store.terms()
	if superseded(t.login, st.now) {
		t.login.Earlier, t.login.Lost = nil, false
	}
	if st.someLeave() {
		return t, nil
	}
	var err error
	t.tls, err = r.settledTLS(st, store)
	return t, err
}

// someLeave reports whether a pod that has not taken up what is in force may still
// answer what it has begun.
func (st *state) someLeave() bool {
	for _, p := range st.leaving {
		if !st.want.isRunBy(p) {
			return true
		}
	}
	return false
}

// nextStoreStep is when something is to be done about a store though nothing happens, the
// zero time for never.
func nextStoreStep(st state, store managedStore, stagger time.Duration) time.Time {
	return requeue.Soonest(nextRotationStep(*store.login, store.after, st.now), nextTLSStep(st, store, stagger))
}
