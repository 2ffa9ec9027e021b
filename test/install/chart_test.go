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
	args := []string{"template", "realmkeeper", chart, "--namespace", "realmkeeper-system"}
	for _, v := range values {
		args = append(args, "--set", v)
	}
	text, err := helm(t, args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	objects := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), o); err != nil {
			t.Fatalf("read what helm rendered: %v\n%s", err, document)
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
		"a namespace name too long":     "watchNamespace=" + strings.Repeat("a", 64),
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
		if strings.HasPrefix(name, "Role ") && strings.Contains(fmt.Sprint(o.Object["rules"]), "customresourcedefinitions") {
			t.Errorf("%s is about what belongs to the cluster", name)
		}
	}
}

func TestEverythingThatIsOffIsLeftOut(t *testing.T) {
	t.Parallel()
	all := rendered(t, "podMonitor.enabled=true")
	few := rendered(t, "crds.enabled=false", "aggregateRoles=false", "replicas=1")
	for _, name := range []string{
		"CustomResourceDefinition authrealms.auth.realmkeeper.io", "CustomResourceDefinition oauthproviders.auth.realmkeeper.io",
		"ClusterRole realmkeeper-view", "ClusterRole realmkeeper-edit", "PodDisruptionBudget realmkeeper", "PodMonitor realmkeeper",
	} {
		if all[name] == nil {
			t.Errorf("%s is not rendered", name)
		}
		if few[name] != nil {
			t.Errorf("%s is rendered though it is off", name)
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
