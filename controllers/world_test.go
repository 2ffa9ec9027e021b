// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// realmName is the name of every realm here: each test has its own namespace.
const realmName = "staff"

// world is a namespace with an operator that works in it alone and may do there
// what its generated role says. The test plays the controllers and the kubelet.
type world struct {
	t         *testing.T
	plane     *apiserver.ControlPlane
	namespace string
	client.Client

	// everywhere lets the operator work in every namespace.
	everywhere bool

	// allowed is what the installation allows beside the images of the operator.
	allowed controllers.Policy

	// lease is that by which the operator is elected, empty for by none.
	lease types.NamespacedName

	// image is what the operator runs as auth servers, that of every test where empty.
	image string

	clock *clock
	pods  *pods
	// providers are those of the world: who they are is the test's.
	providers *providers
	log       *logBuffer
	stop      func()
	// requests are the operator's to the API server.
	requests requests

	// heard is what the operator's cache makes of each realm, nil for what it is.
	heard func(any) (any, error)

	// pullSecrets are those that the operator is started with.
	pullSecrets []string

	// metrics is what the operator that runs now has registered.
	metrics *prometheus.Registry
}

// newWorld starts an operator for one test.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, plane, false)
}

// controlPlane is one of a test's own, for what belongs to all of it.
func controlPlane(t *testing.T) *apiserver.ControlPlane {
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
	return plane
}

// newWorldOn starts an operator on a control plane, for one namespace or everywhere.
func newWorldOn(t *testing.T, plane *apiserver.ControlPlane, everywhere bool) *world {
	t.Helper()
	k8s := plane.Client(t)
	w := &world{
		t: t, plane: plane, namespace: plane.Namespace(t), Client: k8s, everywhere: everywhere,
		allowed: controllers.Policy{Images: []string{"docker.io/library/another"}, PrivateNetworks: true},
		clock:   &clock{at: time.Now()}, log: &logBuffer{},
	}
	w.pods = &pods{client: k8s, now: w.clock.now}
	w.providers = &providers{}
	w.grant()
	w.startOperator()
	t.Cleanup(func() { w.stop() })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the operator's log:\n%s", w.log)
		}
	})
	return w
}

// startOperator runs the operator under its service account.
func (w *world) startOperator() {
	w.t.Helper()
	options := ctrl.Options{
		Scheme:  w.plane.Scheme(),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Logger:  logr.FromSlogHandler(slog.NewTextHandler(w.log, nil)),
	}
	if w.lease.Name != "" {
		options.LeaderElection, options.LeaderElectionReleaseOnCancel = true, true
		options.LeaderElectionNamespace, options.LeaderElectionID = w.lease.Namespace, w.lease.Name
	}
	options.Cache.ReaderFailOnMissingInformer, options.Cache.ByObject = true, controllers.CachedObjects()
	if w.heard != nil {
		options.Cache.ByObject[&v1alpha1.AuthRealm{}] = cache.ByObject{Transform: w.heard}
	}
	if !w.everywhere {
		options.Cache.DefaultNamespaces = map[string]cache.Config{w.namespace: {}}
	}
	// One operator per test, all in one process.
	options.Controller = config.Controller{SkipNameValidation: ptr(true)}
	access := w.plane.ServiceAccount("realmkeeper-system", "realmkeeper-operator")
	access.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, &w.requests} })
	mgr, err := ctrl.NewManager(access, options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.metrics = prometheus.NewRegistry()
	err = controllers.Setup(mgr, controllers.Options{
		AuthServerImage: cmp.Or(w.image, "realmkeeper:test"), PostgresImage: "postgres:test", RedisImage: "redis:test",
		ImagePullSecrets: w.pullSecrets,
		Now:              w.clock.now, Random: rand.Reader, AskPod: w.pods.ask, AskProvider: w.providers.ask, Metrics: w.metrics,
		Namespace: "realmkeeper-system", WatchNamespace: w.watched(), Lease: w.lease, Policy: w.allowed,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("operator: %v", err)
		}
	})
}

// watched is the one namespace that the operator works in, empty for everywhere.
func (w *world) watched() string {
	if w.everywhere {
		return ""
	}
	return w.namespace
}

// grant binds the generated role to the operator: everywhere, or in the test's
// namespace only, where what needs more than one namespace's rights fails.
func (w *world) grant() {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.plane.Root(), "config", "rbac", "role.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	generated := &rbacv1.ClusterRole{}
	documents := strings.Split(strings.TrimPrefix(string(data), "---\n"), "\n---\n")
	if err := yaml.UnmarshalStrict([]byte(documents[0]), generated); err != nil || generated.Kind != "ClusterRole" {
		w.t.Fatalf("read generated role: kind %q, %v", generated.Kind, err)
	}
	subjects := []rbacv1.Subject{{
		Kind: rbacv1.ServiceAccountKind, Namespace: "realmkeeper-system", Name: "realmkeeper-operator",
	}}
	if w.everywhere {
		w.create(generated, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: generated.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: generated.Name},
			Subjects:   subjects,
		})
		return
	}
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "operator"},
		Rules:      generated.Rules,
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "operator"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   subjects,
	}
	w.create(role, binding)
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if o.GetNamespace() == "" {
			o.SetNamespace(w.namespace)
		}
		if err := w.Create(w.t.Context(), o); err != nil {
			w.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// realm creates the realm, after the functions have changed its spec.
func (w *world) realm(change ...func(*v1alpha1.AuthRealmSpec)) {
	w.t.Helper()
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Name: realmName, Namespace: w.namespace},
		Spec:       v1alpha1.AuthRealmSpec{Issuer: "https://login.example.com"},
	}
	for _, c := range change {
		c(&realm.Spec)
	}
	w.create(realm)
}

// edit changes the realm's spec.
func (w *world) edit(change func(*v1alpha1.AuthRealmSpec)) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		realm := w.read()
		change(&realm.Spec)
		return w.Update(ctx, realm)
	})
}

// read is the realm as it stands.
func (w *world) read() *v1alpha1.AuthRealm {
	w.t.Helper()
	realm := &v1alpha1.AuthRealm{}
	w.get(realm, realmName)
	return realm
}

func (w *world) get(o client.Object, name string) {
	w.t.Helper()
	if err := w.Get(w.t.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, o); err != nil {
		w.t.Fatalf("get %T %s: %v", o, name, err)
	}
}

// await waits until a condition has a status, a reason, and words in its
// message, for the spec's newest generation. On the way it checks that every
// condition is always there.
func (w *world) await(kind string, status metav1.ConditionStatus, reason string, words ...string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(context.Context) error {
		realm := w.read()
		if len(realm.Status.Conditions) > 0 {
			w.wantConditions(realm.Status.Conditions, v1alpha1.AuthRealmConditions())
		}
		c := meta.FindStatusCondition(realm.Status.Conditions, kind)
		if c == nil || c.ObservedGeneration != realm.Generation || c.Status != status || c.Reason != reason {
			return fmt.Errorf("want %s %s/%s; conditions are\n%s", kind, status, reason, conditions(realm.Status.Conditions))
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("want %s to say %q; it says %q", kind, word, c.Message)
			}
		}
		return nil
	})
}

// wantConditions checks that each condition of a kind is there.
func (w *world) wantConditions(got []metav1.Condition, every []string) {
	w.t.Helper()
	var types []string
	for _, c := range got {
		types = append(types, c.Type)
		if c.Reason == "" || c.Message == "" {
			w.t.Errorf("condition %s has no reason or no message", c.Type)
		}
	}
	want := slices.Sorted(slices.Values(every))
	if got := slices.Sorted(slices.Values(types)); !slices.Equal(got, want) {
		w.t.Errorf("conditions are %v, want %v", got, want)
	}
}

func conditions(list []metav1.Condition) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// clock is a time that tests move.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	reads int
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	return c.at
}

// timesRead is how often somebody looked.
func (c *clock) timesRead() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBuffer keeps what the operator logged, for tests that fail.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func ptr[T any](v T) *T { return &v }
