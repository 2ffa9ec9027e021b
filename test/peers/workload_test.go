// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// A Kubernetes API server signs tokens of ServiceAccounts, the operator tells pods with which
// keys, and the realm takes them: as docs/workloads.md says it.
func TestKubernetesSpeaksForItsWorkloads(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Clients.Audiences = []string{"https://warehouse.example.com"}
	r.Update()
	cluster, err := apiserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	r.startOperator(cluster)
	r.declareWorkload(cluster)
	admin := clientOf(t, cluster.Admin())
	r.mountFrom(admin, "identity")

	token := func(namespace, account string, seconds int64, audiences ...string) string {
		t.Helper()
		review, err := admin.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{
			Spec: authenticationv1.TokenRequestSpec{Audiences: audiences, ExpirationSeconds: &seconds},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return review.Status.Token
	}
	good := token("shop", "orders", 3600, r.Config.Issuer)
	eventually.Succeeds(t, func(context.Context) error { // once the documents are in force
		if status, body := r.assert("shop.orders", good); status != http.StatusOK {
			return fmt.Errorf("answered %d %s", status, body)
		}
		return nil
	})
	status, body := r.ask(url.Values{
		"grant_type": {string(realmconfig.TokenExchangeGrant)}, "client_id": {"shop.orders"}, "audience": {"https://warehouse.example.com"},
		"subject_token": {good}, "subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"},
	})
	answer := struct {
		Type string `json:"issued_token_type"`
	}{}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Type != "urn:ietf:params:oauth:token-type:access_token" {
		t.Errorf("the exchange is answered %d %s", status, body)
	}
	for name, bad := range map[string]string{
		"of another account":    token("shop", "other", 3600, r.Config.Issuer),
		"of another namespace":  token("evil", "orders", 3600, r.Config.Issuer),
		"of default":            token("shop", "default", 3600, r.Config.Issuer),
		"for the API server":    token("shop", "orders", 3600),
		"for two":               token("shop", "orders", 3600, r.Config.Issuer, "https://other.example.com"),
		"that lives two hours":  token("shop", "orders", 7200, r.Config.Issuer),
		"with another's ending": good[:strings.LastIndexByte(good, '.')] + ".AAAA",
	} {
		if status, body := r.assert("shop.orders", bad); status != http.StatusUnauthorized {
			t.Errorf("a token %s is answered %d %s", name, status, body)
		}
	}
}

// startOperator runs the operator's program on a cluster until the test ends.
func (r *realm) startOperator(cluster *apiserver.ControlPlane) {
	r.t.Helper()
	admin, config := cluster.Admin(), clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: admin.CertData, ClientKeyData: admin.KeyData}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	file := filepath.Join(r.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		r.t.Fatal(err)
	}
	process.Start(r.t, []string{"KUBECONFIG=" + file}, process.Build(r.t, "./cmd/operator"),
		"--log-level", "warn", "--health-probe-bind-address", "0", "--metrics-bind-address", "0")
}

// declareWorkload makes the realm, and the client and ServiceAccount of docs/workloads.md.
func (r *realm) declareWorkload(cluster *apiserver.ControlPlane) {
	r.t.Helper()
	admin := clientOf(r.t, cluster.Admin())
	for _, namespace := range []string{"identity", "shop", "evil"} {
		o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if _, err := admin.CoreV1().Namespaces().Create(r.t.Context(), o, metav1.CreateOptions{}); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, account := range []struct{ namespace, name string }{{"shop", "orders"}, {"shop", "other"}, {"shop", "default"}, {"evil", "orders"}} {
		o := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account.name}}
		if _, err := admin.CoreV1().ServiceAccounts(account.namespace).Create(r.t.Context(), o, metav1.CreateOptions{}); err != nil {
			r.t.Fatal(err)
		}
	}
	client := &v1alpha1.OAuthClient{}
	if err := yaml.UnmarshalStrict([]byte(documented(r.t, "../workloads.md", "yaml", "kind: OAuthClient", nil)), client); err != nil {
		r.t.Fatal(err)
	}
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: client.Spec.RealmRef.Namespace, Name: client.Spec.RealmRef.Name},
		Spec: v1alpha1.AuthRealmSpec{
			Issuer:  r.Config.Issuer,
			Clients: &v1alpha1.Clients{AllowedNamespaces: v1alpha1.AllNamespaces, Audiences: []string{"https://warehouse.example.com"}},
		},
	}
	k8s := cluster.Client(r.t)
	for _, err := range []error{k8s.Create(r.t.Context(), realm), k8s.Create(r.t.Context(), client)} {
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// mountFrom plays the kubelet: what the operator has written of clients and clusters is
// mounted as it is.
func (r *realm) mountFrom(admin *kubernetes.Clientset, namespace string) {
	r.t.Helper()
	files := map[string]any{}
	eventually.Succeeds(r.t, func(ctx context.Context) error {
		clear(files)
		list, err := admin.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			for key, content := range m.Data {
				if strings.HasPrefix(key, "clients-") || key == "clusters.json" && strings.Contains(content, "issuer") {
					files["clients/"+key] = content
				}
			}
		}
		if len(files) != 2 {
			return fmt.Errorf("the operator has written %v", files)
		}
		return nil
	})
	r.Mount(files)
}

func (r *realm) assert(clientID, token string) (int, string) {
	r.t.Helper()
	return r.ask(url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_assertion": {token},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
}

// ask sends a form to the token endpoint.
func (r *realm) ask(values url.Values) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.Config.Issuer+"/oauth2/token", strings.NewReader(values.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := r.server.NewClient(true).Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := realmtest.ReadAnswer(response)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.Status, answer.Body
}
