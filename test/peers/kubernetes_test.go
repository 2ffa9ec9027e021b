// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// A Kubernetes API server takes ID tokens, as docs/apps/headlamp.md sets it up.
func TestKubernetesTakesIDTokens(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(c *client) { c.ID = "headlamp.headlamp" })
	r := newRealm(t, c)
	cluster := r.startKubernetes()
	r.serveGoOIDC(c, "RS256")
	v := r.newVisitor()
	v.open(c.origin + "/signin")
	v.signsIn()
	v.open(c.origin + "/id-token")

	ann := userOf(t, cluster, v.body)
	review := &authenticationv1.SelfSubjectReview{}
	eventually.Succeeds(t, func(ctx context.Context) (err error) { // once it has fetched the realm's keys
		review, err = ann.AuthenticationV1().SelfSubjectReviews().Create(ctx, review, metav1.CreateOptions{})
		return err
	})
	if who := review.Status.UserInfo; who.Username != "staff:"+r.ann || !slices.Contains(who.Groups, "staff:platform") || !slices.Contains(who.Groups, "staff:shop") {
		t.Errorf("Ann is %+v", who)
	}

	aggregate(t, clientOf(t, cluster.Admin()))
	grant(t, clientOf(t, cluster.Admin()), "headlamp.md")
	eventually.Succeeds(t, func(ctx context.Context) error { // once the authorizer has seen the binding
		_, err := ann.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
		return err
	})
	_, err := ann.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("who may view may write: %v", err)
	}
	_, err = userOf(t, cluster, r.admin.Tokens.Access).CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsUnauthorized(err) {
		t.Errorf("a token that is no ID token: %v", err)
	}
}

// startKubernetes runs an API server that takes the realm's ID tokens, until the test ends.
func (r *realm) startKubernetes() *apiserver.ControlPlane {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "authentication.yaml")
	write(r.t, file, documented(r.t, "headlamp.md", "yaml", "AuthenticationConfiguration", map[string]string{
		"https://login.example.com": r.Config.Issuer,
		"      # certificateAuthority: the certificate, for a realm with its own authority\n": r.certificateAuthority(),
	}))
	return startKubernetes(r.t, file)
}

// certificateAuthority is the realm's, as an issuer has it in an AuthenticationConfiguration.
func (r *realm) certificateAuthority() string {
	r.t.Helper()
	return "      certificateAuthority: |\n        " + strings.ReplaceAll(strings.TrimSpace(r.authority()), "\n", "\n        ") + "\n"
}

// startKubernetes runs an API server that trusts whom the file of an
// AuthenticationConfiguration says, until the test ends.
func startKubernetes(t *testing.T, authentication string) *apiserver.ControlPlane {
	t.Helper()
	cluster, err := apiserver.StartWith(t.Context(), map[string]string{"authentication-config": authentication})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// write replaces a file at once: who watches it reads all of it or what was there before.
func write(t *testing.T, file, content string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(file+".new", []byte(content), 0o600), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
}

// grant makes a binding that a page of docs/apps has.
func grant(t *testing.T, admin *kubernetes.Clientset, page string) {
	t.Helper()
	binding := &rbacv1.ClusterRoleBinding{}
	if err := yaml.Unmarshal([]byte(documented(t, page, "yaml", "ClusterRoleBinding", nil)), binding); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// aggregate lets the role view have what it should, which a controller does elsewhere.
func aggregate(t *testing.T, admin *kubernetes.Clientset) {
	t.Helper()
	eventually.Succeeds(t, func(ctx context.Context) error {
		roles := admin.RbacV1().ClusterRoles()
		part, err := roles.Get(ctx, "system:aggregate-to-view", metav1.GetOptions{})
		if err != nil {
			return err
		}
		view, err := roles.Get(ctx, "view", metav1.GetOptions{})
		if err != nil {
			return err
		}
		view.Rules = part.Rules
		_, err = roles.Update(ctx, view, metav1.UpdateOptions{})
		return err
	})
}

// userOf is whoever shows a token.
func userOf(t *testing.T, cluster *apiserver.ControlPlane, token string) *kubernetes.Clientset {
	t.Helper()
	config := rest.AnonymousClientConfig(cluster.Admin())
	config.BearerToken = token
	return clientOf(t, config)
}

func clientOf(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
