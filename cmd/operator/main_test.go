// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	f, err := parseFlags([]string{"--watch-namespace=identity", "--image=a", "--log-level=debug", "--leader-elect", "--image-pull-secrets=registry, mirror,"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if f.watchNamespace != "identity" || f.image != "a" || f.logLevel != slog.LevelDebug || !f.leaderElect ||
		!slices.Equal(f.pullSecrets, []string{"registry", "mirror"}) {
		t.Errorf("read %+v", f)
	}
	f, err = parseFlags([]string{
		"--allowed-images=ghcr.io/example/,docker.io/library/postgres", "--allow-private-networks=true", "--allowed-ingress-annotations=",
	}, io.Discard)
	if want := []string{"ghcr.io/example/", "docker.io/library/postgres"}; err != nil ||
		!slices.Equal(f.policy.Images, want) || !f.policy.PrivateNetworks || len(f.policy.IngressAnnotations) > 0 {
		t.Errorf("read %+v, %v", f.policy, err)
	}
	for name, args := range map[string][]string{
		"an image anywhere":     {"--allowed-images=postgres"},
		"every annotation":      {"--allowed-ingress-annotations=*"},
		"an unknown flag":       {"--colour=blue"},
		"a level of no meaning": {"--log-level=loud"},
		"an argument":           {"start"},
		"no requests at all":    {"--kube-api-qps=0"},
		"no name of a Secret":   {"--image-pull-secrets=registry,My Secret"},
	} {
		if _, err := parseFlags(args, io.Discard); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := parseFlags([]string{"--help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help makes %v", err)
	}
}

// The whole program, on the whole cluster, with nothing but what an installation
// without Helm allows it.
func TestOperatorWorksOnTheRolesItShips(t *testing.T) {
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
	for _, manifest := range []string{
		"config/default/namespace.yaml", "config/default/operator.yaml", "config/default/admission_policies.yaml", "config/samples/quickstart.yaml",
	} {
		apply(t, k8s, filepath.Join(plane.Root(), manifest))
	}
	t.Setenv("KUBECONFIG", kubeconfig(t, plane.ServiceAccount("realmkeeper-system", "realmkeeper")))

	f, err := parseFlags([]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, f, logr.Discard()) }()
	eventually.Succeeds(t, func(ctx context.Context) error {
		realm := &v1alpha1.AuthRealm{}
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: "identity", Name: "quickstart"}, realm); err != nil {
			return err
		}
		for _, c := range realm.Status.Conditions {
			if c.Type == v1alpha1.ResourcesAppliedCondition && c.Status == metav1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("conditions are %+v", realm.Status.Conditions)
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the operator ended with %v", err)
	}
}

// apply creates every object of a manifest.
func apply(t *testing.T, k8s client.Client, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(strings.TrimPrefix(string(data), "---\n"), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), o); err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		if len(o.Object) == 0 {
			continue // nothing but comments
		}
		if err := k8s.Create(t.Context(), o); err != nil {
			t.Fatalf("create %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

func kubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	const name = "test"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		CurrentContext: name,
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server: config.Host, CertificateAuthorityData: config.CAData,
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{name: {
			ClientCertificateData: config.CertData, ClientKeyData: config.KeyData,
			Impersonate: config.Impersonate.UserName, ImpersonateGroups: config.Impersonate.Groups,
		}},
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
