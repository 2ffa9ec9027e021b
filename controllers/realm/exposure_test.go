// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// applyRoute lets a realm ask for two Gateways, and its route be applied with
// what they say, of the generation given.
func applyRoute(realm *v1alpha1.AuthRealm, st *state, generation int64, says ...string) {
	realm.Spec.Exposure = &v1alpha1.Exposure{Gateway: &v1alpha1.GatewayExposure{
		ParentRefs: []v1alpha1.GatewayRef{{Name: "public"}, {Name: "inside", SectionName: "https"}},
	}}
	verdict := func(name, section string) map[string]any {
		var conditions []any
		for _, s := range says {
			kind, rest, _ := strings.Cut(s, "=")
			status, message, _ := strings.Cut(rest, " ")
			conditions = append(conditions, map[string]any{
				"type": kind, "status": status, "message": message, "observedGeneration": generation,
			})
		}
		ref := map[string]any{"name": name}
		if section != "" {
			ref["sectionName"] = section
		}
		return map[string]any{"parentRef": ref, "conditions": conditions}
	}
	st.applied.custom = map[schema.GroupVersionKind]*render.Custom{}
	for _, kind := range render.RouteKinds() {
		o := &unstructured.Unstructured{Object: map[string]any{}}
		o.SetGroupVersionKind(kind)
		o.SetGeneration(2)
		st.applied.custom[kind] = &render.Custom{Content: o}
	}
	route := st.applied.custom[render.RouteKinds()[0]].Content
	route.Object["status"] = map[string]any{"parents": []any{verdict("public", ""), verdict("inside", "https")}}
	for _, o := range st.applied.custom {
		o.Content.SetNamespace(realm.Namespace)
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*v1alpha1.AuthRealm, *state)
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"a route that both Gateways take": {
			func(r *v1alpha1.AuthRealm, st *state) { applyRoute(r, st, 2, "Accepted=True", "ResolvedRefs=True") },
			metav1.ConditionTrue, v1alpha1.ReasonExposed, "2 Gateways",
		},
		"a route that is refused": {
			func(r *v1alpha1.AuthRealm, st *state) { applyRoute(r, st, 2, "Accepted=False no listener fits") },
			metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, `Gateway "public": Accepted of the HTTPRoute is False: no listener fits`,
		},
		"a route of which one Gateway says nothing": {
			func(r *v1alpha1.AuthRealm, st *state) {
				applyRoute(r, st, 2, "Accepted=True")
				r.Spec.Exposure.Gateway.ParentRefs[1].Namespace = "another"
			},
			metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, `Gateway "inside": no controller`,
		},
		"a refusal of a Gateway that is named no longer": {
			func(r *v1alpha1.AuthRealm, st *state) {
				applyRoute(r, st, 2, "Accepted=False no listener fits")
				r.Spec.Exposure.Gateway.ParentRefs = []v1alpha1.GatewayRef{{Name: "new"}}
			},
			metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, `Gateway "new": no controller`,
		},
		"what was said of an earlier route": {
			func(r *v1alpha1.AuthRealm, st *state) { applyRoute(r, st, 1, "Accepted=True") },
			metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "no controller has taken the route up",
		},
		"a route that could not be applied": {
			func(r *v1alpha1.AuthRealm, st *state) {
				applyRoute(r, st, 2)
				delete(st.applied.custom, render.RouteKinds()[0])
			},
			metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "",
		},
		"a policy that a Gateway cannot follow": {
			func(r *v1alpha1.AuthRealm, st *state) {
				applyRoute(r, st, 2, "Accepted=True")
				st.applied.custom[render.RouteKinds()[1]].Content.Object["status"] = map[string]any{"ancestors": []any{map[string]any{
					"ancestorRef": map[string]any{"name": "public"},
					"conditions": []any{map[string]any{
						"type": "Accepted", "status": "False", "message": "no such ConfigMap", "observedGeneration": int64(2),
					}},
				}}}
			},
			metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "Accepted of the BackendTLSPolicy is False: no such ConfigMap",
		},
		"a cluster without the Gateway API": {
			func(r *v1alpha1.AuthRealm, st *state) {
				applyRoute(r, st, 2)
				st.missingKinds = render.RouteKinds()[:1]
			},
			metav1.ConditionFalse, v1alpha1.ReasonKindNotInstalled, "install the Gateway API",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, st := testRealm(), healthy(t)
			c.change(realm, &st)
			got := meta.FindStatusCondition(statusOf(realm, st).Conditions, v1alpha1.ExposedCondition)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("Exposed is %s/%s %q", got.Status, got.Reason, got.Message)
			}
		})
	}
}

func TestAvailabilityFollowsTheAutoscaler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chosen int32
		status metav1.ConditionStatus
	}{
		"as many pods as it chose":    {2, metav1.ConditionTrue},
		"fewer pods than it chose":    {5, metav1.ConditionFalse},
		"a Deployment scaled to none": {0, metav1.ConditionFalse},
	} {
		realm, st := testRealm(), healthy(t)
		realm.Spec.Autoscaling = &v1alpha1.Autoscaling{MaxReplicas: 9}
		st.applied.server.WithSpec(appsv1ac.DeploymentSpec().WithReplicas(c.chosen))
		status := statusOf(realm, st)
		if got := meta.FindStatusCondition(status.Conditions, v1alpha1.AvailableCondition); got.Status != c.status {
			t.Errorf("%s: Available is %s %q", name, got.Status, got.Message)
		}
		if status.Replicas != c.chosen {
			t.Errorf("%s: status says %d replicas", name, status.Replicas)
		}
	}
}

func TestAlertsLookAtWhatTheOperatorShows(t *testing.T) {
	t.Parallel()
	found := make(chan *prometheus.Desc, 100)
	newRealmMetrics(nil).Describe(found)
	close(found)
	shown := ""
	for d := range found {
		shown += d.String()
	}
	alerts, err := os.ReadFile(filepath.Join("..", "internal", "render", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`realmkeeper_realm_[a-z_]+`).FindAllString(string(alerts), -1) {
		if !strings.Contains(shown, `"`+name+`"`) {
			t.Errorf("alerts look at %s, which the operator does not show", name)
		}
	}
}
