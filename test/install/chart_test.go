// SPDX-License-Identifier: Apache-2.0

// Package install holds the tests of the chart: what it refuses, what it
// renders, and that its documentation is complete.
package install

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
)

const (
	root  = "../.."
	chart = "charts/realmkeeper"
)

// pinnedHelm is the path of the pinned Helm.
var pinnedHelm = sync.OnceValues(func() (string, error) {
	if err := testenv.DependsOn(filepath.Join(root, "charts"), filepath.Join(root, "hack", "tools")); err != nil {
		return "", err
	}
	path, err := exec.Command(filepath.Join(root, "hack", "tools.sh"), "helm").Output()
	return strings.TrimSpace(string(path)), err
})

// helm runs the pinned Helm in the checkout.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := pinnedHelm()
	if err != nil {
		t.Fatalf("build helm: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = root
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return complaint.String(), err
	}
	return out.String(), nil
}

// rendered is every object of the chart with the values, by kind and name.
func rendered(t *testing.T, values ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	args := []string{
		"template", "realmkeeper", chart, "--namespace", "realmkeeper-system",
		"--api-versions", "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy",
	}
	for _, v := range values {
		args = append(args, "--set", v)
	}
	text, err := helm(t, args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return objectsOf(t, text)
}

// objectsOf are those of a manifest, by kind and name.
func objectsOf(t *testing.T, text string) map[string]*unstructured.Unstructured {
	t.Helper()
	objects := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), o); err != nil {
			t.Fatalf("read manifest: %v\n%s", err, document)
		}
		if len(o.Object) > 0 {
			objects[o.GetKind()+" "+o.GetName()] = o
		}
	}
	return objects
}

func TestValuesThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"a misspelled value":            "replica=3",
		"a misspelled value of a group": "image.tga=1",
		"no operator at all":            "replicas=0",
		"a level of no meaning":         "logLevel=loud",
		"a pull policy of no meaning":   "image.pullPolicy=Sometimes",
		"an empty image":                "image.repository=",
		"a label that is a list":        "podMonitor.labels.release={a,b}",
		"an image without its registry": "allowed.images={postgres}",
		"every image":                   "allowed.images={*}",
		"an annotation that is quoted":  "allowed.ingressAnnotations={a'b}",
		"roles as they were":            "aggregateRoles=true",
		"a namespace name too long":     "watchNamespace=" + strings.Repeat("a", 64),
		"a pull secret that is a name":  "imagePullSecrets={registry}",
		"a pull secret without a name":  "imagePullSecrets[0].secret=registry",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			complaint, err := helm(t, "template", "realmkeeper", chart, "--set", value)
			key, _, _ := strings.Cut(value, "=")
			last := key[strings.LastIndex(key, ".")+1:]
			if err == nil || !strings.Contains(complaint, last) {
				t.Errorf("helm says %v, %q, which does not name %s", err, complaint, last)
			}
		})
	}
}

func TestOperatorOfOneNamespaceHasNoRightsElsewhere(t *testing.T) {
	t.Parallel()
	for name, o := range rendered(t, "watchNamespace=identity", "crds.enabled=false") {
		if strings.HasPrefix(name, "ClusterRole") {
			t.Errorf("%s is rendered", name)
		}
		if namespace := o.GetNamespace(); namespace != "" && namespace != "identity" && namespace != "realmkeeper-system" {
			t.Errorf("%s is in namespace %s", name, namespace)
		}
		if strings.HasSuffix(name, "-leader-election") && o.GetNamespace() != "identity" {
			t.Errorf("%s is in namespace %s, and the Lease in that of the realms", name, o.GetNamespace())
		}
		if strings.HasPrefix(name, "Role ") && strings.Contains(fmt.Sprint(o.Object["rules"]), "customresourcedefinitions") {
			t.Errorf("%s is about what belongs to the cluster", name)
		}
	}
}

func TestEverythingThatIsOffIsLeftOut(t *testing.T) {
	t.Parallel()
	all := rendered(t, "podMonitor.enabled=true")
	few := rendered(t, "crds.enabled=false", "admissionPolicies.enabled=false", "replicas=1")
	for _, name := range []string{
		"CustomResourceDefinition authrealms.auth.realmkeeper.io", "CustomResourceDefinition oauthproviders.auth.realmkeeper.io",
		"PodDisruptionBudget realmkeeper", "PodMonitor realmkeeper",
		"ValidatingAdmissionPolicy realmkeeper-authrealms", "ValidatingAdmissionPolicyBinding realmkeeper-authrealms",
		"ValidatingAdmissionPolicy realmkeeper-oauthproviders", "ValidatingAdmissionPolicyBinding realmkeeper-oauthproviders",
	} {
		if all[name] == nil {
			t.Errorf("%s is not rendered", name)
		}
		if few[name] != nil {
			t.Errorf("%s is rendered though it is off", name)
		}
	}
}

// Whoever may edit a realm decides who is its admin: that comes with no role of the cluster
// unless somebody says so.
func TestRolesAreAggregatedAsTheValuesSay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []string
		want   []string
	}{
		"nothing said":  {nil, []string{"view"}},
		"editors, too":  {[]string{"aggregateRoles.edit=true"}, []string{"admin", "edit", "view"}},
		"nobody at all": {[]string{"aggregateRoles.view=false"}, nil},
	} {
		objects := rendered(t, c.values...)
		var into []string
		for _, role := range []string{"ClusterRole realmkeeper-view", "ClusterRole realmkeeper-edit"} {
			if objects[role] == nil {
				t.Fatalf("%s: %s is not there to be bound", name, role)
			}
			for label := range objects[role].GetLabels() {
				if to, found := strings.CutPrefix(label, "rbac.authorization.k8s.io/aggregate-to-"); found {
					into = append(into, to)
				}
			}
		}
		if slices.Sort(into); !slices.Equal(into, c.want) {
			t.Errorf("%s: realms come with the roles %v, want %v", name, into, c.want)
		}
	}
}

// The API server's own admission is the judge of what restricted means.
func TestPodsObeyTheRestrictedStandard(t *testing.T) {
	t.Parallel()
	plane, err := apiserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	k8s := plane.Client(t)
	const namespace = "realmkeeper-system"
	err = k8s.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	objects := rendered(t)
	for name, at := range map[string][]string{
		"Deployment realmkeeper": {"spec", "template", "spec"},
		"Pod realmkeeper-test":   {"spec"},
	} {
		spec, found, err := unstructured.NestedMap(objects[name].Object, at...)
		if err != nil || !found {
			t.Fatalf("%s has no pod: %v", name, err)
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "operator-"}}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod.Spec); err != nil {
			t.Fatal(err)
		}
		pod.Spec.ServiceAccountName = "default"
		err = k8s.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}})
		if err != nil && !strings.Contains(err.Error(), "already exists") {
			t.Fatal(err)
		}
		if err := k8s.Create(t.Context(), pod); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
}

func TestEveryValueIsInTheSchema(t *testing.T) {
	t.Parallel()
	values, schema := map[string]any{}, map[string]any{}
	text, err := os.ReadFile(filepath.Join(root, chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(filepath.Join(root, chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name := range values {
		if properties[name] == nil {
			t.Errorf("value %s is not in the schema", name)
		}
	}
	for name := range properties {
		if _, documented := values[name]; !documented && name != "global" { // Helm's own
			t.Errorf("value %s is not in values.yaml, where people look for it", name)
		}
	}
}

func TestPullSecretsReachTheOperatorAndItsRealms(t *testing.T) {
	t.Parallel()
	const flag = "--image-pull-secrets="
	objects := rendered(t, "imagePullSecrets[0].name=registry", "imagePullSecrets[1].name=mirror")
	for name, at := range map[string][]string{
		"Deployment realmkeeper": {"spec", "template", "spec"},
		"Pod realmkeeper-test":   {"spec"},
	} {
		pod := podIn(t, objects[name], at...)
		if got := pod.ImagePullSecrets; len(got) != 2 || got[0].Name != "registry" || got[1].Name != "mirror" {
			t.Errorf("the image of %s is pulled with %v", name, got)
		}
		if args := fmt.Sprint(pod.Containers[0].Args); strings.HasPrefix(name, "Deployment") && !strings.Contains(args, flag+"registry,mirror") {
			t.Errorf("the operator is started with %s", args)
		}
	}
	if args := fmt.Sprint(podIn(t, rendered(t)["Deployment realmkeeper"], "spec", "template", "spec").Containers[0].Args); strings.Contains(args, flag) {
		t.Errorf("without any, the operator is started with %s", args)
	}
}

func TestTheTestRunsWhereTheOperatorDoes(t *testing.T) {
	t.Parallel()
	pod := podIn(t, rendered(t, "nodeSelector.disk=ssd", "tolerations[0].key=dedicated", "priorityClassName=high")["Pod realmkeeper-test"], "spec")
	if pod.NodeSelector["disk"] != "ssd" || len(pod.Tolerations) != 1 || pod.Tolerations[0].Key != "dedicated" || pod.PriorityClassName != "high" {
		t.Errorf("it runs on %v, tolerates %v, and has the priority %q", pod.NodeSelector, pod.Tolerations, pod.PriorityClassName)
	}
	if args := fmt.Sprint(pod.Containers[0].Args); !strings.Contains(args, `--scheduling={"nodeSelector":{"disk":"ssd"},"priorityClassName":"high","tolerations":[{"key":"dedicated"}]}`) {
		t.Errorf("its realm is made with %s", args)
	}
	if pod.Containers[0].Resources.Limits.Cpu().IsZero() {
		t.Error("a quota on limits.cpu refuses it")
	}
}

// podIn is what an object says of its pods.
func podIn(t *testing.T, o *unstructured.Unstructured, at ...string) corev1.PodSpec {
	t.Helper()
	spec, found, err := unstructured.NestedMap(o.Object, at...)
	if err != nil || !found {
		t.Fatalf("%s has no pod: %v", o.GetName(), err)
	}
	var pod corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod); err != nil {
		t.Fatal(err)
	}
	return pod
}
