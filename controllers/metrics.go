// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// realmMetrics tell what the realms' statuses say, at the moment when they are
// asked: there is nothing to keep in step, and a realm that is gone says no more.
type realmMetrics struct{ realms client.Reader }

// scrapeTimeout bounds one look at the cache, which is in memory.
const scrapeTimeout = 5 * time.Second

func describe(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("realmkeeper_"+name, help, append([]string{"namespace", "realm"}, more...), nil)
}

func (realmMetrics) condition() *prometheus.Desc {
	return describe("realm_condition", "1 when the condition of the realm is True, else 0.", "type")
}

func (realmMetrics) pods() *prometheus.Desc {
	return describe("realm_pods", "Auth server pods of the realm: asked for, and ready.", "state")
}

func (realmMetrics) keys() *prometheus.Desc {
	return describe("realm_signing_keys", "Published signing keys of the realm, by state.", "state")
}

func (realmMetrics) certificate() *prometheus.Desc {
	return describe("realm_certificate_expiry_timestamp_seconds", "When the realm's serving certificate expires.")
}

// Describe implements prometheus.Collector.
func (m realmMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.condition()
	out <- m.pods()
	out <- m.keys()
	out <- m.certificate()
}

// Collect implements prometheus.Collector.
func (m realmMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	var realms v1alpha1.AuthRealmList
	if err := m.realms.List(ctx, &realms); err != nil {
		out <- prometheus.NewInvalidMetric(m.condition(), err)
		return
	}
	for i := range realms.Items {
		m.collect(out, &realms.Items[i])
	}
}

func (m realmMetrics) collect(out chan<- prometheus.Metric, realm *v1alpha1.AuthRealm) {
	gauge := func(d *prometheus.Desc, value float64, more ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{realm.Namespace, realm.Name}, more...)...)
	}
	for _, kind := range v1alpha1.AuthRealmConditions() {
		value := 0.0
		if meta.IsStatusConditionTrue(realm.Status.Conditions, kind) {
			value = 1
		}
		gauge(m.condition(), value, kind)
	}
	gauge(m.pods(), float64(realm.Status.Replicas), "wanted")
	gauge(m.pods(), float64(realm.Status.ReadyReplicas), "ready")
	states := map[v1alpha1.SigningKeyState]float64{v1alpha1.PendingKey: 0, v1alpha1.ActiveKey: 0, v1alpha1.RetiringKey: 0}
	for _, key := range realm.Status.SigningKeys {
		states[key.State]++
	}
	for state, n := range states {
		gauge(m.keys(), n, string(state))
	}
	if end := realm.Status.CertificateNotAfter; end != nil {
		gauge(m.certificate(), float64(end.Unix()))
	}
}
