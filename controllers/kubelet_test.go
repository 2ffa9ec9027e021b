// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// pods answers as the realm's pods would: with what is mounted into them.
type pods struct {
	client client.Client
	now    func() time.Time

	mu      sync.Mutex
	asked   int
	stale   map[string]bool // pods whose mounts have not been refreshed
	problem string
	held    map[string]realmconfig.Report // what pods go on with
	hanging string                        // does not answer
	signed  map[string]map[string]int64   // tokens that pods have signed, by key, also by one that is gone

	databaseProblem, cacheProblem string

	// seen are the clients that pods have seen, by id, and the day of it. They have shown
	// an old secret, if there is one.
	seen map[string]string

	// counted is whom requirements concern, as each pod has counted.
	counted map[string]realmconfig.RequirementReport
}

func (p *pods) ask(ctx context.Context, pod *corev1.Pod) (realmconfig.Report, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if pod.Name == p.hanging {
		return realmconfig.Report{}, errors.New("it hangs")
	}
	if report, held := p.held[pod.Name]; held {
		report.Time = p.now()
		return report, nil
	}
	if p.stale[pod.Name] {
		return realmconfig.Report{Contract: realmconfig.Version, ConfigRevision: "0123456789ab", Problem: p.problem}, nil
	}
	// A pod answers from memory, at once. That this one has to ask the API server,
	// which on a busy machine takes longer than the operator waits, must not show.
	report, err := apiserver.Report(context.WithoutCancel(ctx), p.client, pod.Namespace, realmName, p.now())
	if err != nil {
		return report, err // it cannot start before everything that is mounted is there
	}
	report.DatabaseProblem, report.CacheProblem = p.databaseProblem, p.cacheProblem
	report.TokensSigned = p.countedBy(pod.Name, report.TokensSigned)
	report.Requirements = maps.Clone(p.counted)
	return report, p.tellOfClients(ctx, pod.Namespace, &report)
}

// countedBy is what a pod has signed since it started. It forgets no key that it
// has had, however late it is asked.
func (p *pods) countedBy(name string, now map[string]int64) map[string]int64 {
	if p.signed == nil {
		p.signed = map[string]map[string]int64{}
	}
	if p.signed[name] == nil {
		p.signed[name] = map[string]int64{}
	}
	maps.Copy(p.signed[name], now)
	return maps.Clone(p.signed[name])
}

// timesAsked is how many questions pods have answered.
func (p *pods) timesAsked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// tellOfClients says in a report which clients were seen.
func (p *pods) tellOfClients(ctx context.Context, namespace string, report *realmconfig.Report) error {
	for id, day := range p.seen {
		n := realmconfig.ClientShard(id)
		m := &corev1.ConfigMap{}
		name := types.NamespacedName{Namespace: namespace, Name: fmt.Sprintf("%s-clients-%d-v1", realmName, n)}
		if err := p.client.Get(context.WithoutCancel(ctx), name, m); err != nil {
			return err
		}
		var document realmconfig.ClientDocument
		if err := json.Unmarshal([]byte(m.Data[fmt.Sprintf("clients-%d.json", n)]), &document); err != nil {
			return err
		}
		i := slices.IndexFunc(document.Clients, func(c realmconfig.Client) bool { return c.ID == id })
		bits := make(realmconfig.ClientBits, i/8+1)
		bits[i/8] = 1 << (i % 8)
		seen := map[int]realmconfig.ClientBits{n: bits}
		report.ClientUse = append(report.ClientUse, realmconfig.ClientUse{Day: day, Clients: seen, OldSecrets: seen})
	}
	return nil
}

// see lets pods have seen a client on a day.
func (p *pods) see(id, day string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = map[string]string{id: day}
}

// count lets pods have counted now whom a requirement concerns.
func (p *pods) count(requirement string, report realmconfig.RequirementReport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	report.CountedAt = p.now()
	p.counted = map[string]realmconfig.RequirementReport{requirement: report}
}

// settlePods waits until pods have been asked some more times.
func (w *world) settlePods() {
	w.t.Helper()
	asked := w.pods.timesAsked()
	eventually.Succeeds(w.t, func(context.Context) error {
		if w.pods.timesAsked() < asked+4 {
			return errors.New("pods are not asked")
		}
		return nil
	})
}

// freeze lets a pod run something old, and refresh undoes that.
func (p *pods) freeze(name, problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale, p.problem = map[string]bool{name: true}, problem
}

func (p *pods) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stale, p.held = nil, nil
}

// hang lets a pod answer no more.
func (p *pods) hang(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hanging = name
}

// hold lets pods go on with what is mounted into them now, whether or not they
// have been asked.
func (w *world) hold(names ...string) {
	w.t.Helper()
	report, err := apiserver.Report(w.t.Context(), w.Client, w.namespace, realmName, w.clock.now())
	if err != nil {
		w.t.Fatalf("hold %v: %v", names, err)
	}
	w.pods.mu.Lock()
	defer w.pods.mu.Unlock()
	w.pods.held = map[string]realmconfig.Report{}
	for _, name := range names {
		w.pods.held[name] = report
	}
}

// complain lets every pod say this of its stores.
func (p *pods) complain(ofDatabase, ofCache string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.databaseProblem, p.cacheProblem = ofDatabase, ofCache
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
		w.create(serverPod(podName(i)))
	}
	w.runDeployment(realmName, n)
}

func serverPod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"app.kubernetes.io/name": "realmkeeper", "app.kubernetes.io/instance": realmName,
			"app.kubernetes.io/component": "auth-server",
		}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "serve", Image: "realmkeeper:test"}}},
	}
}

func podName(i int32) string { return fmt.Sprintf("%s-%d", realmName, i) }

// runDeployment says that n pods of a Deployment's newest generation are there.
func (w *world) runDeployment(name string, n int32) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		w.get(d, name)
		d.Status = appsv1.DeploymentStatus{
			ObservedGeneration: d.Generation,
			Replicas:           n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
		}
		return w.Status().Update(ctx, d)
	})
}

// runAvailable says that n pods of the auth server are available, of those that there are.
func (w *world) runAvailable(n int32) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		d := &appsv1.Deployment{}
		w.get(d, realmName)
		d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n
		return w.Status().Update(ctx, d)
	})
}

func (w *world) runDatabase() {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		s := &appsv1.StatefulSet{}
		w.get(s, realmName+"-database")
		s.Status = appsv1.StatefulSetStatus{ObservedGeneration: s.Generation, Replicas: 1, ReadyReplicas: 1}
		return w.Status().Update(ctx, s)
	})
}

// awaitObject waits until an object exists.
func (w *world) awaitObject(o client.Object, name string) {
	w.t.Helper()
	eventually.Succeeds(w.t, func(ctx context.Context) error {
		return w.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, o)
	})
}

// ready brings a realm of n pods up and waits until it says so.
func (w *world) ready(n int32) {
	w.t.Helper()
	w.run(n)
	w.await(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
}
