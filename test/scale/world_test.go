// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
)

const (
	// providersEach is how many OAuthProviders a realm has, podsEach how many pods.
	providersEach = 3
	podsEach      = 2
	// realmsInNamespace are together in one namespace.
	realmsInNamespace = 10
	// writers is how many of the test's own requests are under way.
	writers = 16
	// often is how often the test looks at one object. All of them it looks at seldom: ten
	// times a second, that would take from the operator what is measured of it.
	often, seldom = 100 * time.Millisecond, time.Second
)

// world is an API server full of realms.
type world struct {
	t      *testing.T
	plane  *apiserver.ControlPlane
	k8s    client.Client
	node   *node
	realms int
}

func newWorld(t *testing.T, realms int) *world {
	t.Helper()
	plane, err := apiserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, plane: plane, k8s: plane.Client(t), realms: realms}
	w.node = startNode(t, plane)
	return w
}

// each does something for every realm, several at a time.
func (w *world) each(do func(ctx context.Context, i int) error) {
	w.t.Helper()
	w.several(w.realms, do)
}

// several does something n times, several at a time.
func (w *world) several(n int, do func(ctx context.Context, i int) error) {
	w.t.Helper()
	group, ctx := errgroup.WithContext(w.t.Context())
	group.SetLimit(writers)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		w.t.Fatal(err)
	}
}

func namespaceOf(i int) string { return fmt.Sprintf("team-%d", i/realmsInNamespace) }

func realmName(i int) string { return fmt.Sprintf("realm-%d", i) }

// populate creates every realm, with its providers and their Secrets.
func (w *world) populate() {
	w.t.Helper()
	w.each(func(ctx context.Context, i int) error {
		if i%realmsInNamespace != 0 {
			return nil
		}
		return w.k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceOf(i)}})
	})
	w.each(func(ctx context.Context, i int) error {
		for _, o := range w.objects(i) {
			if err := w.k8s.Create(ctx, o); err != nil {
				return fmt.Errorf("create %T %s: %w", o, o.GetName(), err)
			}
		}
		return nil
	})
}

func (w *world) objects(i int) []client.Object {
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(i), Name: realmName(i)},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: fmt.Sprintf("https://%s.example.com", realmName(i))},
	}
	objects := []client.Object{realm}
	for n := range providersEach {
		named := metav1.ObjectMeta{Namespace: realm.Namespace, Name: fmt.Sprintf("%s-p%d", realm.Name, n)}
		objects = append(objects,
			&corev1.Secret{ObjectMeta: named, Data: map[string][]byte{"clientSecret": []byte("secret of " + named.Name)}},
			&v1alpha1.OAuthProvider{ObjectMeta: named, Spec: v1alpha1.OAuthProviderSpec{
				RealmRef: v1alpha1.RealmRef{Name: realm.Name}, Type: v1alpha1.OIDCProvider,
				Issuer: v1alpha1.EndpointURL(w.node.issuer), ClientID: named.Name, AllowPrivateNetworks: true,
				Callback:        v1alpha1.PerProviderCallback,
				ClientSecretRef: v1alpha1.SecretKeyRef{Name: named.Name},
			}})
	}
	return objects
}

// unready counts the realms and the providers that are not Ready for the newest
// generation of their spec.
func (w *world) unready() int {
	w.t.Helper()
	var realms v1alpha1.AuthRealmList
	var providers v1alpha1.OAuthProviderList
	for _, list := range []client.ObjectList{&realms, &providers} {
		if err := w.node.cache.List(w.t.Context(), list, client.UnsafeDisableDeepCopy); err != nil { // they are only read
			w.t.Fatal(err)
		}
	}
	ready := 0
	count := func(generation int64, conditions []metav1.Condition) {
		c := meta.FindStatusCondition(conditions, v1alpha1.ReadyCondition)
		if c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation {
			ready++
		}
	}
	for _, r := range realms.Items {
		count(r.Generation, r.Status.Conditions)
	}
	for _, p := range providers.Items {
		count(p.Generation, p.Status.Conditions)
	}
	return w.realms*(1+providersEach) - ready
}

// awaitReady waits until everything is Ready.
func (w *world) awaitReady(patience time.Duration) {
	w.t.Helper()
	w.await(seldom, patience, func() error {
		if n := w.unready(); n > 0 {
			return fmt.Errorf("%d of %d realms and providers are not ready", n, w.realms*(1+providersEach))
		}
		return nil
	})
}

// awaitOne waits until one of the realms in the middle is Ready, and returns which.
func (w *world) awaitOne(patience time.Duration) (i int) {
	w.t.Helper()
	w.await(often, patience, func() error {
		for i = w.realms / 4; i < w.realms*3/4; i++ {
			realm := &v1alpha1.AuthRealm{}
			name := client.ObjectKey{Namespace: namespaceOf(i), Name: realmName(i)}
			if err := w.node.cache.Get(w.t.Context(), name, realm, client.UnsafeDisableDeepCopy); err != nil { // it is only read
				return err
			}
			if meta.IsStatusConditionTrue(realm.Status.Conditions, v1alpha1.ReadyCondition) {
				return nil
			}
		}
		return errors.New("no realm is ready")
	})
	return i
}

// await looks again and again until check returns nil.
func (w *world) await(every, patience time.Duration, check func() error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("after %s: %v", patience, err)
		case <-tick.C:
		}
	}
}

// changeSetting changes what a realm's pods run, and returns when they do.
func (w *world) changeSetting(i int, patience time.Duration) time.Duration {
	w.t.Helper()
	realm := &v1alpha1.AuthRealm{}
	name := client.ObjectKey{Namespace: namespaceOf(i), Name: realmName(i)}
	if err := w.k8s.Get(w.t.Context(), name, realm); err != nil {
		w.t.Fatal(err)
	}
	before := realm.DeepCopy()
	realm.Spec.Login = &v1alpha1.Login{UnknownUser: v1alpha1.ConcealUnknownUser}
	if err := w.k8s.Patch(w.t.Context(), realm, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
	begin, generation := time.Now(), realm.Generation
	w.await(often, patience, func() error {
		if err := w.node.cache.Get(w.t.Context(), name, realm); err != nil {
			return err
		}
		c := meta.FindStatusCondition(realm.Status.Conditions, v1alpha1.ReadyCondition)
		if c.Status != metav1.ConditionTrue || c.ObservedGeneration < generation {
			return fmt.Errorf("%s is %s of generation %d: %s", name, c.Status, c.ObservedGeneration, c.Message)
		}
		return nil
	})
	return time.Since(begin)
}

// changeSecret gives one of a realm's providers another client secret.
func (w *world) changeSecret(i int) {
	w.t.Helper()
	s := &corev1.Secret{}
	s.Namespace, s.Name = namespaceOf(i), realmName(i)+"-p0"
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"stringData": {"clientSecret": "another one"}}`))
	if err := w.k8s.Patch(w.t.Context(), s, patch); err != nil {
		w.t.Fatal(err)
	}
}
