// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
)

// pods answers as the realm's pods would: with what is mounted into them.
type pods struct {
	client client.Client

	mu      sync.Mutex
	asked   int
	stale   map[string]bool // pods whose mounts have not been refreshed
	problem string
}

func (p *pods) ask(ctx context.Context, pod *corev1.Pod) (realmconfig.Report, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.stale[pod.Name] {
		return realmconfig.Report{Contract: realmconfig.Version, ConfigRevision: "0123456789ab", Problem: p.problem}, nil
	}
	report := realmconfig.Report{Contract: realmconfig.Version}
	var config corev1.ConfigMap
	var keys, certificate corev1.Secret
	err := errors.Join(
		p.mounted(ctx, pod, &config, "-config-v1"),
		p.mounted(ctx, pod, &keys, "-signing-keys"),
		p.mounted(ctx, pod, &certificate, "-tls"),
	)
	if err != nil {
		return report, err
	}
	block, _ := pem.Decode(certificate.Data[corev1.TLSCertKey])
	sum := sha256.Sum256(block.Bytes)
	report.ConfigRevision = realmconfig.Revision([]byte(config.Data["config.json"]))
	report.KeysetRevision = realmconfig.Revision(keys.Data["keyset.json"])
	report.CertificateSHA256 = hex.EncodeToString(sum[:])
	return report, nil
}

func (p *pods) mounted(ctx context.Context, pod *corev1.Pod, o client.Object, suffix string) error {
	return p.client.Get(ctx, types.NamespacedName{Namespace: pod.Namespace, Name: realmName + suffix}, o)
}

// timesAsked is how many questions pods have answered.
func (p *pods) timesAsked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// freeze lets a pod go on with what it has, and refresh undoes that.
func (p *pods) freeze(name, problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale, p.problem = map[string]bool{name: true}, problem
}

func (p *pods) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale = nil
}

// run plays Kubernetes' controllers and the kubelet: the realm's workloads come
// up and n pods of the auth server run.
func (w *world) run(n int32) {
	w.t.Helper()
	w.awaitObject(&appsv1.StatefulSet{}, realmName+"-database")
	w.awaitObject(&appsv1.Deployment{}, realmName+"-cache")
	w.runDatabase()
	w.runDeployment(realmName+"-cache", 1)
	w.runServer(n)
}

// runServer is run for the auth server alone.
func (w *world) runServer(n int32) {
	w.t.Helper()
	w.awaitObject(&appsv1.Deployment{}, realmName)
	for i := range n {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: podName(i), Labels: map[string]string{
				"app.kubernetes.io/name": "realmkeeper", "app.kubernetes.io/instance": realmName,
				"app.kubernetes.io/component": "auth-server",
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "serve", Image: "realmkeeper:test"}}},
		}
		w.create(pod)
	}
	w.runDeployment(realmName, n)
}

func podName(i int32) string { return fmt.Sprintf("%s-%d", realmName, i) }

// runDeployment says that n pods of a Deployment's newest generation are there.
func (w *world) runDeployment(name string, n int32) {
	w.t.Helper()
	apiserver.Eventually(w.t, func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		w.get(d, name)
		d.Status = appsv1.DeploymentStatus{
			ObservedGeneration: d.Generation,
			Replicas:           n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
		}
		return w.Status().Update(ctx, d)
	})
}

func (w *world) runDatabase() {
	w.t.Helper()
	apiserver.Eventually(w.t, func(ctx context.Context) error {
		s := &appsv1.StatefulSet{}
		w.get(s, realmName+"-database")
		s.Status = appsv1.StatefulSetStatus{ObservedGeneration: s.Generation, Replicas: 1, ReadyReplicas: 1}
		return w.Status().Update(ctx, s)
	})
}

// awaitObject waits until an object exists.
func (w *world) awaitObject(o client.Object, name string) {
	w.t.Helper()
	apiserver.Eventually(w.t, func(ctx context.Context) error {
		return w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, o)
	})
}

// ready brings a realm of n pods up and waits until it says so.
func (w *world) ready(n int32) {
	w.t.Helper()
	w.run(n)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
