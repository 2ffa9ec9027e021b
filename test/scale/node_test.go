// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
)

// node plays Kubernetes' controllers and the kubelet: workloads come up at once,
// and pods answer with what is mounted into them. Each pod has an address of its
// own, on which this process listens.
type node struct {
	client.Client
	cache   cache.Cache
	reports *apiserver.Reports
	issuer  string

	mu      sync.Mutex
	pods    map[string]types.NamespacedName // the Deployment of the pod at an address
	running map[types.NamespacedName]bool   // the pods that there are
	// server has a listener for each pod.
	server http.Server
}

func startNode(t *testing.T, plane *apiserver.ControlPlane) *node {
	t.Helper()
	skip := true
	mgr, err := ctrl.NewManager(plane.Admin(), ctrl.Options{
		Scheme: plane.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{
		Client: mgr.GetClient(), cache: mgr.GetCache(), reports: apiserver.NewReports(mgr.GetCache()),
		pods: map[string]types.NamespacedName{}, running: map[types.NamespacedName]bool{},
	}
	options := controller.Options{MaxConcurrentReconciles: writers, SkipNameValidation: &skip}
	err = errors.Join(
		ctrl.NewControllerManagedBy(mgr).For(&appsv1.Deployment{}).WithOptions(options).Complete(reconcileFunc(n.deployment)),
		ctrl.NewControllerManagedBy(mgr).For(&appsv1.StatefulSet{}).WithOptions(options).Complete(reconcileFunc(n.statefulSet)),
	)
	for _, o := range []client.Object{&v1alpha1.AuthRealm{}, &v1alpha1.OAuthProvider{}, &v1alpha1.OAuthClient{}, &corev1.Secret{}, &corev1.ConfigMap{}} {
		_, informed := mgr.GetCache().GetInformer(t.Context(), o, cache.BlockUntilSynced(false))
		err = errors.Join(err, informed)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if !mgr.GetCache().WaitForCacheSync(t.Context()) {
		t.Fatal("no view of the API server")
	}
	n.server.Handler = http.HandlerFunc(n.answerForPod)
	t.Cleanup(func() { _ = n.server.Close() })
	n.issuer = testenv.StartIssuer(t)
	return n
}

type reconcileFunc func(ctx context.Context, name types.NamespacedName) error

func (f reconcileFunc) Reconcile(ctx context.Context, r ctrl.Request) (ctrl.Result, error) {
	return ctrl.Result{}, client.IgnoreNotFound(f(ctx, r.NamespacedName))
}

func (n *node) deployment(ctx context.Context, name types.NamespacedName) error {
	d := &appsv1.Deployment{}
	if err := n.Get(ctx, name, d); err != nil {
		return err
	}
	replicas := *d.Spec.Replicas
	if d.Spec.Template.Labels["app.kubernetes.io/component"] == "auth-server" {
		for i := range replicas {
			if err := n.pod(ctx, d, i); err != nil {
				return err
			}
		}
	}
	before := d.DeepCopy()
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation,
		Replicas:           replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
	}
	return n.report(ctx, before, d)
}

// report writes a status that has changed, as Kubernetes' controllers do.
func (n *node) report(ctx context.Context, before, after client.Object) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	return n.Status().Patch(ctx, after, client.MergeFrom(before))
}

// pod lets a pod run, unless it does.
func (n *node) pod(ctx context.Context, d *appsv1.Deployment, i int32) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: fmt.Sprintf("%s-%d", d.Name, i), Labels: d.Spec.Template.Labels,
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "serve", Image: "realmkeeper:test"}}},
	}
	name := client.ObjectKeyFromObject(pod)
	if n.runs(name) {
		return nil
	}
	if err := client.IgnoreAlreadyExists(n.Create(ctx, pod)); err != nil {
		return err
	}
	address, err := n.address(client.ObjectKeyFromObject(d))
	if err != nil {
		return err
	}
	before := pod.DeepCopy()
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}}}
	if err := n.Status().Patch(ctx, pod, client.MergeFrom(before)); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running[name] = true
	return nil
}

// runs reports whether a pod was let run before.
func (n *node) runs(pod types.NamespacedName) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.running[pod]
}

// address is a new one of this machine's own, where a pod of the Deployment answers.
func (n *node) address(deployment types.NamespacedName) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next := len(n.pods)
	address := fmt.Sprintf("127.1.%d.%d", next/250, 1+next%250)
	l, err := net.Listen("tcp4", net.JoinHostPort(address, strconv.Itoa(realmconfig.OpsPort)))
	if err != nil {
		return "", err
	}
	go func() { _ = n.server.Serve(l) }()
	n.pods[address] = deployment
	return address, nil
}

func (n *node) statefulSet(ctx context.Context, name types.NamespacedName) error {
	s := &appsv1.StatefulSet{}
	if err := n.Get(ctx, name, s); err != nil {
		return err
	}
	before := s.DeepCopy()
	replicas := *s.Spec.Replicas
	s.Status = appsv1.StatefulSetStatus{ObservedGeneration: s.Generation, Replicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas}
	return n.report(ctx, before, s)
}

// answerForPod is a pod's ops listener.
func (n *node) answerForPod(w http.ResponseWriter, r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	n.mu.Lock()
	deployment, found := n.pods[local.IP.String()]
	n.mu.Unlock()
	if !found || r.URL.Path != realmconfig.ReportPath {
		http.NotFound(w, r)
		return
	}
	report, err := n.reports.Of(r.Context(), deployment, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(report)
}
