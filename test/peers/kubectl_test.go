// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// kubectlPage has what a cluster and its users are set up with.
const kubectlPage = "../kubernetes.md"

// kubectlClient is the client that the page declares. An API server takes the page's object.
func kubectlClient(t *testing.T) client {
	t.Helper()
	return newClient(t, func(c *client) {
		c.ID, c.DisplayName, c.Type, c.TokenEndpointAuthMethod = "identity.kubectl", "kubectl", realmconfig.PublicClient, realmconfig.NoAuthMethod
		c.Secrets, c.PostLogoutRedirectURIs = nil, nil
		c.RedirectURIs, c.Scopes = []string{"http://127.0.0.1/"}, []string{"openid", "email", "groups"}
		c.IDTokenLifetime, c.RefreshTokenLifetime = realmconfig.Duration(time.Minute), realmconfig.Duration(12*time.Hour)
	})
}

// People sign in at the cluster's own API server by kubectl, with the plugin, as
// docs/kubernetes.md sets them up.
func TestKubectlSignsPeopleIn(t *testing.T) {
	t.Parallel()
	r := newRealm(t, kubectlClient(t))
	file := filepath.Join(t.TempDir(), "authentication.yaml")
	write(t, file, "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: []\n")
	cluster := startKubernetes(t, file)
	admin := clientOf(t, cluster.Admin())
	declares(t, cluster)
	grant(t, admin, kubectlPage)
	aggregate(t, admin)
	stays := makePod(t, admin)
	ann := r.newKubectl(cluster)

	ann.says("get pods", "nobody is signed in at "+r.Config.Issuer+"; sign in with: kubectl realmkeeper login --issuer="+r.Config.Issuer)
	ann.login()
	ann.says("get pods", "You must be logged in to the server") // of a realm that the API server knows nothing of

	write(t, file, r.authentication(nil))
	eventually.Succeeds(t, func(ctx context.Context) error { // once the file is read, and the realm's keys are
		said, err := ann.run(ctx, "auth", "whoami")
		if err == nil && !strings.Contains(said, "realm:"+userEmail) {
			err = errors.New(said)
		}
		return err
	})
	ann.says("get pods", `User "realm:`+userEmail+`" cannot list resource "pods"`)
	ann.refuses("system:masters")
	r.join("viewers")
	ann.endIDToken() // the next one has the group
	ann.sees("get pods", "web")
	ann.says("delete pod web", `pods "web" is forbidden`)
	if !stays() {
		t.Fatal("who may view has deleted a pod")
	}

	before, started := r.refreshes(), time.Now()
	ann.endIDToken()
	ann.tenAtOnce()
	const lasts = 50 * time.Second // which ten may take on a machine that is busy
	if n := r.refreshes() - before; n < 1 || n > 1+int(time.Since(started)/lasts) {
		t.Errorf("ten kubectl at once have refreshed %d times", n)
	}

	write(t, file, r.authentication(map[string]string{`"realm:"`: `"system:"`}))
	eventually.Succeeds(t, func(ctx context.Context) error {
		said, err := ann.run(ctx, "get", "pods")
		if err == nil || !strings.Contains(said, "You must be logged in to the server") {
			return errors.New("a prefix that makes names of Kubernetes' own: " + said)
		}
		return nil
	})
	write(t, file, r.authentication(nil))
	eventually.Succeeds(t, func(ctx context.Context) error { _, err := ann.run(ctx, "get", "pods"); return err })

	r.disable()
	last := ann.idToken()
	eventually.Succeeds(t, func(ctx context.Context) error { // for a minute at most, and while the API server remembers it
		_, err := userOf(t, cluster, last).CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
		if err == nil {
			return errors.New("the last ID token still opens")
		}
		return nil
	})
	ann.says("get pods", "nobody is signed in at "+r.Config.Issuer+" any more; sign in with: kubectl realmkeeper login")
}

// Whoever has not proved an address has no name in the cluster.
func TestAnUnprovedAddressIsNoNameInACluster(t *testing.T) {
	t.Parallel()
	r := newRealm(t, kubectlClient(t))
	file := filepath.Join(t.TempDir(), "authentication.yaml")
	write(t, file, r.authentication(nil))
	ann := r.newKubectl(startKubernetes(t, file))
	ann.signsInOnTheWay("auth whoami")
	eventually.Succeeds(t, func(ctx context.Context) error { _, err := ann.run(ctx, "auth", "whoami"); return err })
	r.Exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", userEmail)
	ann.endIDToken()
	ann.says("auth whoami", "Unauthorized")
}

// declares fails the test unless an API server takes the page's OAuthClient as it is.
func declares(t *testing.T, cluster *apiserver.ControlPlane) {
	t.Helper()
	declared := &v1alpha1.OAuthClient{}
	if err := yaml.UnmarshalStrict([]byte(documented(t, kubectlPage, "yaml", "kind: OAuthClient", nil)), declared); err != nil {
		t.Fatal(err)
	}
	declared.Namespace = "default"
	if err := cluster.Client(t).Create(t.Context(), declared); err != nil {
		t.Fatal(err)
	}
}

// authentication is what the page has the API server trust, with ours in the place of its
// names.
func (r *realm) authentication(also map[string]string) string {
	r.t.Helper()
	replace := map[string]string{
		"https://login.example.com": r.Config.Issuer,
		"      # certificateAuthority: the certificate, for a realm with its own authority\n": r.certificateAuthority(),
	}
	maps.Copy(replace, also)
	return documented(r.t, kubectlPage, "yaml", "AuthenticationConfiguration", replace)
}

// makePod lets a pod be there to look at, and returns how to see whether it still is.
func makePod(t *testing.T, admin *kubernetes.Clientset) (stays func() bool) {
	t.Helper()
	pods := admin.CoreV1().Pods("default")
	web := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example.com/web"}}}}
	if _, err := pods.Create(t.Context(), web, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return func() bool {
		left, err := pods.Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && left.DeletionTimestamp == nil
	}
}

// refreshes is how often a client of the realm was given tokens for a refresh token.
func (r *realm) refreshes() (n int) {
	r.t.Helper()
	if sample := r.server.Metric(`realmkeeper_client_tokens_total{grant="refresh_token",outcome="succeeded"}`); sample != "" {
		if _, err := fmt.Sscan(sample, &n); err != nil {
			r.t.Fatal(err)
		}
	}
	return n
}

// disable keeps Ann out of the realm.
func (r *realm) disable() {
	r.t.Helper()
	if err := r.admin.Call(r.t.Context(), http.MethodPatch, "/api/admin/users/"+r.ann, map[string]bool{"disabled": true}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// kubectl is that of somebody with the page's kubeconfig and a cache of their own.
type kubectl struct {
	t           *testing.T
	realm       *realm
	program     string
	environment []string
	authority   string
	plugin      *pluginFiles
}

// newKubectl has the plugin in its PATH, and no browser.
func (r *realm) newKubectl(cluster *apiserver.ControlPlane) *kubectl {
	r.t.Helper()
	folder := r.t.TempDir()
	authority := filepath.Join(folder, "realm-ca.crt")
	plugin := process.Build(r.t, "./cmd/kubectl-realmkeeper")
	write(r.t, filepath.Join(folder, "prod-ca.crt"), string(cluster.Admin().CAData))
	write(r.t, authority, r.authority())
	write(r.t, filepath.Join(folder, "config"), documented(r.t, kubectlPage, "yaml", "kind: Config\n", map[string]string{
		"https://prod.example.com:6443": cluster.Admin().Host, "https://login.example.com": r.Config.Issuer,
		"# - --certificate-authority=FILE, for a realm with its own authority": "- --certificate-authority=" + authority,
	}))
	return &kubectl{
		t: r.t, realm: r, program: cluster.Kubectl(), authority: authority, plugin: &pluginFiles{r.t, filepath.Join(folder, "cache", "realmkeeper", "kubectl")},
		environment: append(os.Environ(),
			"KUBECONFIG="+filepath.Join(folder, "config"), "HOME="+folder, "XDG_CACHE_HOME="+filepath.Join(folder, "cache"),
			"PATH="+filepath.Dir(plugin)+":"+os.Getenv("PATH"), "DISPLAY=", "WAYLAND_DISPLAY=", "HTTPS_PROXY=", "https_proxy=",
		),
	}
}

func (k *kubectl) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.program, args...)
	cmd.Env = k.environment
	return cmd
}

// run returns all that kubectl and its plugin print.
func (k *kubectl) run(ctx context.Context, args ...string) (string, error) {
	out, err := k.command(ctx, args...).CombinedOutput()
	return string(out), err
}

// sees fails the test unless a command succeeds and prints this among other things.
func (k *kubectl) sees(command, want string) {
	k.t.Helper()
	if out, err := k.run(k.t.Context(), strings.Fields(command)...); err != nil || !strings.Contains(out, want) {
		k.t.Fatalf("kubectl %s: %v\n%s", command, err, out)
	}
}

// says fails the test unless a command is refused by these words. No token is among them.
func (k *kubectl) says(command, want string) {
	k.t.Helper()
	out, err := k.run(k.t.Context(), strings.Fields(command)...)
	if err == nil || !strings.Contains(out, want) {
		k.t.Fatalf("kubectl %s is refused by %v, not by %q\n%s", command, err, want, out)
	}
	if strings.Contains(out, "eyJ") || strings.Contains(out, "rkg_") {
		k.t.Errorf("kubectl %s prints a token", command)
	}
}

// login signs Ann in by a command of the plugin's own.
func (k *kubectl) login() {
	k.t.Helper()
	said, err := k.follow(k.command(k.t.Context(), "realmkeeper", "login", "--issuer="+k.realm.Config.Issuer, "--client-id=identity.kubectl",
		"--certificate-authority="+k.authority))
	if err != nil || !strings.Contains(said, "Signed in at "+k.realm.Config.Issuer+" as "+userEmail) {
		k.t.Fatalf("kubectl realmkeeper login: %v\n%s", err, said)
	}
}

// signsInOnTheWay lets a command ask Ann to sign in, who sits at a terminal. What the API server
// says of her then is another matter.
func (k *kubectl) signsInOnTheWay(command string) {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), "script", "--quiet", "--flush", "--command", k.program+" "+command, "/dev/null")
	cmd.Env = k.environment
	said, err := k.follow(cmd)
	if err != nil || !strings.Contains(said, "Signed in at "+k.realm.Config.Issuer+" as "+userEmail) {
		k.t.Fatalf("kubectl %s: %v\n%s", command, err, said)
	}
}

// follow opens the address that a command prints in Ann's browser, which comes back to it, and
// returns all that it has printed.
func (k *kubectl) follow(cmd *exec.Cmd) (all string, err error) {
	k.t.Helper()
	said, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		all += lines.Text() + "\n"
		if address, found := strings.CutPrefix(lines.Text(), "  https://"); found {
			k.realm.agrees("https://" + strings.TrimSpace(address))
		}
	}
	return all, cmd.Wait()
}

// agrees lets Ann sign in where the plugin sends her, and confirm that it was she who began.
func (r *realm) agrees(address string) {
	r.t.Helper()
	v := r.newVisitor()
	v.open(address)
	v.signsIn()
	v.submit("/oauth2/decision", map[string]string{"answer": "allow"})
	if v.at.Hostname() != "127.0.0.1" || v.status != http.StatusOK || !strings.Contains(v.body, "Go on in the terminal") {
		r.t.Fatalf("is at %s with %d:\n%s", v.at, v.status, v.body)
	}
}

// refuses fails the test unless the realm makes no group of a name.
func (k *kubectl) refuses(group string) {
	k.t.Helper()
	err := k.realm.admin.Join(k.t.Context(), userEmail, group)
	if said := (realmtest.Problem{}); !errors.As(err, &said) || said.Status/100 != 4 {
		k.t.Errorf("a group %s: %v", group, err)
	}
}

// endIDToken lets the plugin believe that the ID token is at its end.
func (k *kubectl) endIDToken() { k.t.Helper(); k.plugin.change("expires", time.Now()) }

// idToken is the one that the plugin has.
func (k *kubectl) idToken() string { k.t.Helper(); return k.plugin.read()["id_token"].(string) }

// tenAtOnce fails the test unless ten kubectl that start together all see what there is.
func (k *kubectl) tenAtOnce() {
	k.t.Helper()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if out, err := k.run(k.t.Context(), "get", "pods"); err != nil || !strings.Contains(out, "web") {
				k.t.Errorf("kubectl get pods: %v\n%s", err, out)
			}
		})
	}
	all.Wait()
}
