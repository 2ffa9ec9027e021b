// SPDX-License-Identifier: Apache-2.0

package realm

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
type realmMetrics struct {
	realms client.Reader

	condition, pods, keys, certificate *prometheus.Desc
}

func newRealmMetrics(realms client.Reader) *realmMetrics {
	describe := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("realmkeeper_realm_"+name, help, append([]string{"namespace", "realm"}, more...), nil)
	}
	return &realmMetrics{
		realms:      realms,
		condition:   describe("condition", "1 when the condition of the realm is True, else 0.", "type"),
		pods:        describe("pods", "Auth server pods of the realm: asked for, and ready.", "state"),
		keys:        describe("signing_keys", "Published signing keys of the realm, by state.", "state"),
		certificate: describe("certificate_expiry_timestamp_seconds", "When the realm's serving certificate expires."),
	}
}

// scrapeTimeout bounds one look at the cache, which is in memory.
const scrapeTimeout = 5 * time.Second

// Describe implements prometheus.Collector.
func (m *realmMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.condition, m.pods, m.keys, m.certificate} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *realmMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	var realms v1alpha1.AuthRealmList
	if err := m.realms.List(ctx, &realms, client.UnsafeDisableDeepCopy); err != nil {
		out <- prometheus.NewInvalidMetric(m.condition, err)
		return
	}
	for i := range realms.Items {
		m.collect(out, &realms.Items[i])
	}
}

func (m *realmMetrics) collect(out chan<- prometheus.Metric, realm *v1alpha1.AuthRealm) {
	gauge := func(d *prometheus.Desc, value float64, more ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{realm.Namespace, realm.Name}, more...)...)
	}
	for _, kind := range v1alpha1.AuthRealmConditions() {
		value := 0.0
		if meta.IsStatusConditionTrue(realm.Status.Conditions, kind) {
			value = 1
		}
		gauge(m.condition, value, kind)
	}
	gauge(m.pods, float64(realm.Status.Replicas), "wanted")
	gauge(m.pods, float64(realm.Status.ReadyReplicas), "ready")
	states := map[v1alpha1.SigningKeyState]float64{v1alpha1.PendingKey: 0, v1alpha1.ActiveKey: 0, v1alpha1.RetiringKey: 0}
	for _, key := range realm.Status.SigningKeys {
		states[key.State]++
	}
	for state, n := range states {
		gauge(m.keys, n, string(state))
	}
	if end := realm.Status.CertificateNotAfter; end != nil {
		gauge(m.certificate, float64(end.Unix()))
	}
}
