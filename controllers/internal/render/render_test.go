// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// inputs are a realm's, with the spec in YAML and stand-ins for what is random.
func inputs(t *testing.T, spec string) render.Inputs {
	t.Helper()
	realm := &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: "identity", Name: "staff", UID: "9f1c6a52-0000-4000-8000-000000000000"},
	}
	if err := yaml.UnmarshalStrict([]byte(spec), &realm.Spec); err != nil {
		t.Fatal(err)
	}
	in := render.Inputs{
		Realm:          realm,
		Images:         render.Images{AuthServer: "realmkeeper:1", Postgres: "postgres:15", Redis: "redis:7"},
		Keyset:         []byte("the key set\n"),
		EarlierKeyset:  []byte("the earlier key set\n"),
		EncryptionKeys: []byte("the encryption keys\n"),
		Admin:          render.Admin{Email: render.AdminEmail(realm), Password: "AdminPassword0123"},

		OperatorNamespace: "realmkeeper-system",
	}
	if render.ManagesDatabase(realm) {
		in.Database = render.StoreLogin{User: "realmkeeper", Password: "DatabasePassword0123", Since: noon()}
		in.DatabaseTLS = storeTLS("the database's")
	}
	if render.ManagesCache(realm) {
		in.Cache = render.StoreLogin{User: "default", Password: "CachePassword0123", Since: noon()}
		in.CacheTLS = storeTLS("the cache's")
	}
	if render.ManagesDatabase(realm) || render.ManagesCache(realm) {
		in.StoresAuthority = &pki.Authority{
			Pair:   pki.Pair{CertificatePEM: []byte("the stores' CA\n"), KeyPEM: []byte("the key of the stores' CA\n")},
			Bundle: []byte("what to trust of stores\n"),
		}
	}
	if render.OwnsCertificate(realm) {
		in.Authority = &pki.Authority{
			Pair:   pki.Pair{CertificatePEM: []byte("the CA\n"), KeyPEM: []byte("the CA's key\n")},
			Bundle: []byte("what to trust\n"),
		}
		in.Certificate = &pki.Pair{CertificatePEM: []byte("the certificate\n"), KeyPEM: []byte("its key\n")}
	}
	return in
}

// storeTLS has stand-ins for what a store shows.
func storeTLS(of string) render.StoreTLS {
	return render.StoreTLS{
		Certificate: &pki.Pair{CertificatePEM: []byte(of + " certificate\n"), KeyPEM: []byte(of + " key\n")},
		Trusted:     []byte("what to trust of stores\n"),
	}
}

func noon() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

// providers are one of each type, with stand-ins for their secrets.
func providers(t *testing.T) []render.Provider {
	t.Helper()
	const server = "authorization: https://sso.example.com/authorize, token: https://sso.example.com/token, userInfo: https://sso.example.com/me"
	var all []render.Provider
	var objects []v1alpha1.OAuthProvider
	for _, p := range []struct{ name, spec string }{
		{"dex", "type: OIDC\ncallback: Shared\nissuer: http://dex.dex.svc:5556/dex\nallowPrivateNetworks: true\nresponseMode: FormPost\nscopes: [openid, groups]\nclaims: {subject: oid, email: upn, emailVerified: verified, name: nick}\ngroups: {claim: roles, allow: [ops, dev], prefix: 'corp:'}"},
		{"github", "type: GitHub\ncallback: PerProvider"},
		{"gitlab", "type: GitLab\nissuer: https://gitlab.example.com\nsignUp: false\nlinking: {byEmail: true}\ntrustEmail: true"},
		{"google", "type: Google\ncallback: PerProvider\ndisplayName: Google Workspace\nallowedEmailDomains: [example.com]"},
		{"microsoft", "type: Microsoft\ncallback: PerProvider\nissuer: https://login.microsoftonline.com/a-tenant/v2.0"},
		{"sso", "type: OAuth2\ncallback: PerProvider\nendpoints: {" + server + "}"},
	} {
		o := &v1alpha1.OAuthProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "identity", Name: p.name}}
		if err := yaml.UnmarshalStrict([]byte(p.spec+"\nclientID: realm-at-"+p.name), &o.Spec); err != nil {
			t.Fatal(err)
		}
		if err := render.ProviderProblem(o); err != nil {
			t.Errorf("an auth server refuses %s: %v", p.name, err)
		}
		if p.name == "gitlab" {
			o.Status.NamedIssuer = string(o.Spec.Issuer)
		}
		objects = append(objects, *o)
	}
	callbacks := render.Callbacks(objects)
	for i := range objects {
		o := &objects[i]
		all = append(all, render.Provider{Object: o, Callback: callbacks[o.Name], Secret: []byte("the secret of " + o.Name)})
	}
	return all
}

// inputsOf are the inputs of a case.
func inputsOf(t *testing.T, name string) render.Inputs {
	t.Helper()
	in := inputs(t, cases()[name])
	switch name {
	case "delivering":
		in.Providers = providers(t)
	case "wired":
		in.StorePorts = []int{5432, 6379}
		in.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret("an initial access token")}
		in.WithoutReplicas = true
	case "wired-privately":
		in.ProvidedCA = []byte("the CA of the user's\n")
	}
	return in
}

// cases are realms, each with a folder of golden files.
func cases() map[string]string {
	return map[string]string{
		"issuer-only": `issuer: https://login.example.com`,
		"external": `
issuer: https://login.example.com/auth
database: {urlSecretRef: {name: accounts-app}, caSecretRef: {name: accounts-ca}}
cache: {urlSecretRef: {name: redis, key: url}, caSecretRef: {name: redis, key: ca}}
tls: {secretRef: {name: login-tls}}`,
		"tuned": `
issuer: https://login.example.com
replicas: 5
image: registry.example.com/realmkeeper:2
resources: {requests: {cpu: "1"}, limits: {memory: 1Gi}}
scheduling:
  nodeSelector: {disk: ssd}
  tolerations: [{key: dedicated, operator: Equal, value: identity, effect: NoSchedule}]
  priorityClassName: high
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app.kubernetes.io/instance: staff}}}
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}
  runtimeClassName: gvisor
imagePullSecrets: [{name: registry}, {name: mirror}]
database:
  managed:
    sidecarResources: {requests: {cpu: 10m, memory: 32Mi}, limits: {cpu: 50m, memory: 32Mi}}
    scheduling:
      nodeSelector: {disk: nvme}
      tolerations: [{key: dedicated, operator: Equal, value: databases, effect: NoSchedule}]
      priorityClassName: higher
    storage: {size: 20Gi, className: fast}
    deletionPolicy: Delete
    image: registry.example.com/postgres:15
    resources: {limits: {memory: 2Gi}}
cache:
  managed:
    image: registry.example.com/redis:7
    resources: {limits: {memory: 900Mi}}
    sidecarResources: {limits: {cpu: 60m}}
    scheduling:
      affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname}}]}}
      runtimeClassName: runc
signingKeys: {algorithm: EdDSA}
tokens: {audience: [https://shop.example.com], accessTokenLifetime: 15m, refreshTokenLifetime: 12h, refreshGracePeriod: 0s}
login: {unknownUser: Conceal, lockout: {failures: 3, duration: 1h}}
passwords: {bcryptCost: 13, engine: Standard, existing: {enforcement: Warn, gracePeriod: 720h}}
twoFactor: {required: {who: Groups, groups: [staff, ops], enforcement: Enforce, gracePeriod: 168h, maxBlocked: 50}}
initialAdmin: {email: ops@example.com}`,
		"delivering": `
issuer: https://login.example.com
ui:
  displayName: "Staff: Login"
  returnURLs: [https://shop.example.com/]
  resetPasswordURL: https://shop.example.com/reset?token={token}
  verifyEmailURL: https://shop.example.com/verify?token={token}
registration: {mode: Open, emailVerification: Required, verificationLifetime: 72h}
login: {mailCode: "On"}
email:
  from: Staff <login@example.com>
  smtp:
    host: smtp.example.com
    credentialsSecretRef: {name: smtp, usernameKey: user}
    caSecretRef: {name: smtp}
  supportURL: https://help.example.com
  templates:
    code: {subject: Your code}
    reset-password: {text: "Follow {{.Link}}", html: '<a href="{{.Link}}">Reset</a>'}
sms:
  webhook: {url: "http://sms.tools.svc/send", signingSecretRef: {name: sms, key: secret}}
  allowPrivateNetworks: true
cors: {allowedOrigins: [https://shop.example.com]}
network: {trustedProxies: [10.0.0.0/8], requestsPerMinute: 0}
audit: {retention: 8760h}
tracing: {endpoint: "http://otel-collector.observability:4318", samplePercent: 10, allowPrivateNetworks: true}
networkPolicy: {}
exposure: {ingress: {}}`,
		"wired": `
issuer: https://Login.example.com/auth
autoscaling:
  minReplicas: 3
  maxReplicas: 12
  targetCPUUtilization: 60
  metrics:
  - {type: Pods, pods: {metric: {name: realmkeeper_password_queue_wait_seconds}, target: {type: AverageValue, averageValue: 100m}}}
resources: {requests: {cpu: "1", memory: 128Mi}, limits: {memory: 512Mi}}
database: {urlSecretRef: {name: accounts-app}}
cache: {urlSecretRef: {name: redis}}
tls:
  certManager: {issuerRef: {name: letsencrypt, kind: ClusterIssuer}, dnsNames: [staff.identity.svc], duration: 2160h}
exposure:
  gateway:
    parentRefs: [{name: public, namespace: gateways, sectionName: https, port: 443}, {name: internal}]
  ingress:
    className: nginx
    annotations: {nginx.ingress.kubernetes.io/backend-protocol: HTTPS}
    tlsSecretName: public-tls
clients:
  audiences: [https://mcp.example.com/mcp]
  metadataDocuments: {hosts: ["*.agents.example.com", "agent.example.com:8443"]}
  registration: {initialAccessTokens: {name: agents}}
networkPolicy:
  from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateways}}}]
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}, podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}}]
  to: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 7000, endPort: 7005}]}]
monitoring:
  labels: {release: kube-prometheus-stack}
  podMonitor: {interval: 30s}
  prometheusRule: {}
  dashboard: {}`,
		"wired-inside": `
issuer: https://10.0.0.7:8443
tls: {certManager: {issuerRef: {name: corporate, kind: StepIssuer, group: certmanager.step.sm}}}
monitoring: {podMonitor: {}}`,
		"wired-privately": `
issuer: https://login.example.com
tls: {secretRef: {name: login-tls}}
exposure: {gateway: {parentRefs: [{name: public}]}}`,
	}
}

func TestObjectsAreAsReviewed(t *testing.T) {
	t.Parallel()
	for name := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := render.Objects(inputsOf(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]byte{}
			for _, o := range objects {
				ref := render.ReferenceTo(o)
				file := fmt.Sprintf("%s-%s.yaml", ref.Name, strings.ToLower(ref.Kind.Kind))
				if got[file] != nil {
					t.Errorf("%s is rendered twice", file)
				}
				got[file] = document(t, o)
			}
			compare(t, filepath.Join("testdata", name), got)
		})
	}
}

// document is an object in YAML, with a Secret's values as a person reads them.
func document(t *testing.T, o render.Object) []byte {
	t.Helper()
	raw, err := yaml.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	if data, ok := fields["data"].(map[string]any); ok && fields["kind"] == "Secret" {
		for key, value := range data {
			plain, err := base64.StdEncoding.DecodeString(fmt.Sprint(value))
			if err != nil {
				t.Fatal(err)
			}
			data[key] = string(plain)
		}
	}
	out, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func compare(t *testing.T, dir string, got map[string][]byte) {
	t.Helper()
	if *update {
		write(t, dir, got)
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range entries {
		want = append(want, e.Name())
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("rendered %v,\nwant %v", names, want)
	}
	for name, document := range got {
		golden, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(golden, document) {
			t.Errorf("%s/%s differs (go test -update writes it):\n%s", dir, name, document)
		}
	}
}

func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, document := range files {
		if err := os.WriteFile(filepath.Join(dir, name), document, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServerReadsTheSettings(t *testing.T) {
	t.Parallel()
	for name := range cases() {
		document, revision, err := render.ConfigDocument(inputsOf(t, name))
		if err != nil {
			t.Fatal(err)
		}
		var config realmconfig.Config
		if err := realmconfig.Decode(document, &config); err != nil {
			t.Errorf("%s: the server refuses the settings: %v", name, err)
		}
		if revision != realmconfig.Revision(document) {
			t.Errorf("%s: the revision is %s", name, revision)
		}
	}
}

func TestEveryObjectIsWatched(t *testing.T) {
	t.Parallel()
	for name, spec := range cases() {
		in := inputs(t, spec)
		objects, err := render.Objects(in)
		if err != nil {
			t.Fatal(err)
		}
		watched := render.NamesToWatch(in.Realm)
		for _, o := range objects {
			if !slices.Contains(watched, *o.GetName()) {
				t.Errorf("%s: %s is not watched", name, *o.GetName())
			}
		}
		for _, ref := range render.SecretReferences(in.Realm) {
			if !slices.Contains(watched, ref.Name) {
				t.Errorf("%s: Secret %s is not watched", name, ref.Name)
			}
		}
	}
}

func TestSurplusIsWhatIsNoLongerRendered(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"issuer-only": 12, "delivering": 8, "external": 22, "wired": 12} {
		in := inputs(t, cases()[name])
		objects, err := render.Objects(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := render.Surplus(in.Realm, objects); len(got) != want {
			t.Errorf("%s: %d objects are surplus, want %d: %v", name, len(got), want, got)
		}
	}
}

func TestWhatIsNotKnownIsNeitherRenderedNorSurplus(t *testing.T) {
	t.Parallel()
	in := inputs(t, cases()["issuer-only"])
	all, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Keyset, in.EncryptionKeys, in.Admin, in.Database, in.Cache = nil, nil, render.Admin{}, render.StoreLogin{}, render.StoreLogin{}
	in.Authority, in.Certificate, in.StoresAuthority = nil, nil, nil
	in.WithoutConfig, in.WithoutProviders, in.WithoutServer, in.WithoutDatabase, in.WithoutServerPolicy = true, true, true, true, true
	few, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range few {
		if *o.GetKind() == "Secret" {
			t.Errorf("Secret %s is rendered of nothing", *o.GetName())
		}
	}
	surplus := render.Surplus(in.Realm, few)
	for _, o := range all {
		if slices.Contains(surplus, render.ReferenceTo(o)) {
			t.Errorf("%s %s is surplus though the spec asks for it", *o.GetKind(), *o.GetName())
		}
	}
}
