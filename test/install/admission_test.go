// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/specfields"
)

// Who may write realms and providers, and may get a few Secrets, of which this is one.
const (
	editor = "editor"
	known  = "known"
)

// reference is a field that names a Secret.
type reference struct {
	// spec has the field, with %s for the Secret. Nothing else in it names one.
	spec string
	// moved is the spec with another address, or whatever else says where the Secret goes.
	moved string
}

const provider = "realmRef: {name: shop}\nclientID: shop\nclientSecretRef: {name: %s}\n"

// references are every field of a kind that names a Secret.
func references(kind string) map[string]reference {
	if kind == "OAuthClient" { // which is written, and not read
		return map[string]reference{"secret": {oauthClient + "secret: {name: %s}", ""}}
	}
	if kind == "OAuthProvider" {
		return map[string]reference{"clientSecretRef": {
			provider + "type: OIDC\nissuer: https://sso.example.com", provider + "type: OIDC\nissuer: https://evil.example.com",
		}}
	}
	const (
		smtp    = "email: {from: a@shop.example, smtp: {host: smtp.shop.example, %s: {name: %%s}}}"
		twilio  = "sms: {twilio: {accountSID: p, from: '+15005550006', authTokenSecretRef: {name: %%s}, url: 'https://%s.example'}}"
		webhook = "sms: {webhook: {url: 'https://%s.example', signingSecretRef: {name: %%s}}}"
	)
	return map[string]reference{
		"database.urlSecretRef": {"database: {urlSecretRef: {name: %s}}", "database: {urlSecretRef: {name: %s, key: other}}"},
		"database.caSecretRef": {
			"database: {urlSecretRef: {name: known}, caSecretRef: {name: %s}}", "database: {urlSecretRef: {name: known, key: other}, caSecretRef: {name: %s}}",
		},
		"cache.urlSecretRef": {"cache: {urlSecretRef: {name: %s}}", "cache: {urlSecretRef: {name: %s, key: other}}"},
		"cache.caSecretRef": {
			"cache: {urlSecretRef: {name: known}, caSecretRef: {name: %s}}", "cache: {urlSecretRef: {name: known, key: other}, caSecretRef: {name: %s}}",
		},
		"tls.secretRef": {"tls: {secretRef: {name: %s}}", ""}, // shown at the realm's own address
		"email.smtp.credentialsSecretRef": {
			fmt.Sprintf(smtp, "credentialsSecretRef"), strings.Replace(fmt.Sprintf(smtp, "credentialsSecretRef"), "smtp.shop", "evil", 1),
		},
		"email.smtp.caSecretRef": {
			fmt.Sprintf(smtp, "caSecretRef"), strings.Replace(fmt.Sprintf(smtp, "caSecretRef"), "smtp.shop", "evil", 1),
		},
		"sms.twilio.authTokenSecretRef": {fmt.Sprintf(twilio, "sms"), fmt.Sprintf(twilio, "evil")},
		"sms.webhook.signingSecretRef":  {fmt.Sprintf(webhook, "sms"), fmt.Sprintf(webhook, "evil")},
		"imagePullSecrets":              {"imagePullSecrets: [{name: second}, {name: third}, {name: fourth}, {name: %s}]", ""}, // in the last place that there is
		"clients.registration.initialAccessTokens": {
			"clients: {registration: {initialAccessTokens: {name: %s}}}", "clients: {registration: {initialAccessTokens: {name: %s}, expiresAfter: 1h}}",
		},
		"exposure.ingress.tlsSecretName": {
			"exposure: {ingress: {tlsSecretName: %s}}", "exposure: {ingress: {tlsSecretName: %s, className: evil}}",
		},
	}
}

func specType(kind string) reflect.Type {
	switch kind {
	case "OAuthProvider":
		return reflect.TypeFor[v1alpha1.OAuthProviderSpec]()
	case "OAuthClient":
		return reflect.TypeFor[v1alpha1.OAuthClientSpec]()
	}
	return reflect.TypeFor[v1alpha1.AuthRealmSpec]()
}

// place is that of an element in a list.
var place = regexp.MustCompile(`\[\d+\]`)

// A field that is added to a kind is not forgotten by its policy: what wants each field is
// derived from the types.
func TestPoliciesJudgeEveryFieldOfTheKinds(t *testing.T) {
	t.Parallel()
	for copied, policies := range map[string]map[string]*unstructured.Unstructured{
		"the chart": rendered(t), "config/default/admission_policies.yaml": kustomized(t),
	} {
		for kind, name := range map[string]string{
			"AuthRealm": "realmkeeper-authrealms", "OAuthProvider": "realmkeeper-oauthproviders", "OAuthClient": "realmkeeper-oauthclients",
		} {
			policy := policies["ValidatingAdmissionPolicy "+name]
			if policy == nil || policies["ValidatingAdmissionPolicyBinding "+name] == nil {
				t.Fatalf("%s has no policy %s with its binding", copied, name)
			}
			var judged []string
			validations, _, err := unstructured.NestedSlice(policy.Object, "spec", "validations")
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range validations {
				said, _ := v.(map[string]any)
				message, _ := said["message"].(string)
				expression, _ := said["messageExpression"].(string)
				field, _, _ := strings.Cut(strings.TrimPrefix(message+expression, "'"), ":")
				judged = append(judged, place.ReplaceAllString(field, ""))
			}
			of := specType(kind)
			every := slices.Concat(specfields.Secrets(of), specfields.Images(of), specfields.PrivateNetworks(of), specfields.Annotations(of))
			// What stands within a field is judged with it.
			want := slices.DeleteFunc(slices.Clone(every), func(field string) bool {
				return slices.ContainsFunc(every, func(outer string) bool { return strings.HasPrefix(field, outer+".") })
			})
			slices.Sort(judged)
			judged = slices.Compact(judged) // each place in a list has a validation of its own
			if slices.Sort(want); !slices.Equal(judged, want) {
				t.Errorf("of %s, %s judges\n%q, and the kind has\n%q", kind, copied, judged, want)
			}
			if has, rows := specfields.Secrets(of), slices.Sorted(maps.Keys(references(kind))); !slices.Equal(has, rows) {
				t.Errorf("of %s, tests name Secrets at\n%q, and the kind has\n%q", kind, rows, has)
			}
		}
	}
}

// What an installation without Helm has is what the chart has.
func TestKustomizeHasTheChartsPolicies(t *testing.T) {
	t.Parallel()
	chart, copied := rendered(t), kustomized(t)
	if len(copied) != 8 {
		t.Errorf("%d objects are in the copy, want four policies and their bindings", len(copied))
	}
	for name, o := range copied {
		if chart[name] == nil || !equality.Semantic.DeepEqual(o.Object, chart[name].Object) {
			t.Errorf("%s is another one in the chart", name)
		}
	}
}

func kustomized(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "config", "default", "admission_policies.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return objectsOf(t, string(data))
}

func TestPoliciesAreLeftOutWhereTheyCannotBe(t *testing.T) {
	t.Parallel()
	text, err := helm(t, "template", "realmkeeper", chart)
	if err != nil || strings.Contains(text, "ValidatingAdmissionPolicy") {
		t.Errorf("an API server that has no such kind is given policies, %v", err)
	}
	for name := range rendered(t, "admissionPolicies.enabled=false") {
		if strings.HasPrefix(name, "ValidatingAdmissionPolicy") {
			t.Errorf("%s is rendered though it is off", name)
		}
	}
	for name, o := range rendered(t, "watchNamespace=identity") {
		if !strings.HasPrefix(name, "ValidatingAdmissionPolicy ") {
			continue
		}
		selected, _, err := unstructured.NestedStringMap(o.Object, "spec", "matchConstraints", "namespaceSelector", "matchLabels")
		if err != nil || selected["kubernetes.io/metadata.name"] != "identity" || !strings.HasSuffix(name, "-identity") {
			t.Errorf("%s of an operator of one namespace selects %v, %v", name, selected, err)
		}
	}
}

// guarded is a control plane with the chart's policies in force.
type guarded struct {
	plane     *apiserver.ControlPlane
	namespace string
	admin     client.Client
	editor    client.Client
	// older is a realm fromBefore.
	older *unstructured.Unstructured
}

func guard(t *testing.T, values ...string) guarded {
	t.Helper()
	plane, err := apiserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	g := guarded{plane: plane, namespace: plane.Namespace(t), admin: plane.Client(t)}
	if g.editor, err = client.New(plane.ServiceAccount(g.namespace, editor), client.Options{Scheme: plane.Scheme()}); err != nil {
		t.Fatal(err)
	}
	meta := metav1.ObjectMeta{Namespace: g.namespace, Name: editor}
	for _, o := range []client.Object{
		&rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"*"}, Verbs: []string{"create", "get", "patch", "update"}},
			{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{known, "second", "third", "fourth"}, Verbs: []string{"get"}},
		}},
		&rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: editor},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: g.namespace, Name: editor}},
		},
	} {
		if err := g.admin.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	g.older = g.object(t, "AuthRealm", fromBefore)
	g.older.SetName("older")
	if err := g.admin.Create(t.Context(), g.older); err != nil {
		t.Fatal(err)
	}
	for name, o := range rendered(t, values...) {
		if strings.HasPrefix(name, "ValidatingAdmissionPolicy") {
			if err := g.admin.Create(t.Context(), o); err != nil {
				t.Fatalf("create %s: %v", name, err)
			}
		}
	}
	for kind, field := range map[string]string{"AuthRealm": "database.urlSecretRef", "OAuthProvider": "clientSecretRef"} {
		eventually.Succeeds(t, func(ctx context.Context) error { // a policy takes a moment to be in force
			if err := g.editor.Create(ctx, g.object(t, kind, fmt.Sprintf(references(kind)[field].spec, "unknown")), client.DryRunAll); !apierrors.IsForbidden(err) {
				return fmt.Errorf("nobody refuses %s: %w", kind, err)
			}
			return nil
		})
	}
	return g
}

// object is one of a kind, with a spec that is a mapping in YAML.
func (g guarded) object(t *testing.T, kind, spec string) *unstructured.Unstructured {
	t.Helper()
	if kind == "AuthRealm" {
		spec = "issuer: https://login.shop.example\n" + spec
	}
	content := map[string]any{}
	if err := yaml.Unmarshal([]byte(spec), &content); err != nil {
		t.Fatalf("%v in\n%s", err, spec)
	}
	o := &unstructured.Unstructured{Object: map[string]any{"spec": content}}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	o.SetNamespace(g.namespace)
	o.SetName("shop")
	return o
}

// change is what becomes of an object that an administrator has made when the editor makes
// another one of it.
func (g guarded) change(t *testing.T, kind, before, after string) error {
	t.Helper()
	o := g.object(t, kind, before)
	o.SetName("")
	o.SetGenerateName("shop-")
	if err := g.admin.Create(t.Context(), o); err != nil {
		t.Fatalf("an administrator is refused: %v", err)
	}
	o.Object["spec"] = g.object(t, kind, after).Object["spec"]
	return g.editor.Update(t.Context(), o, client.DryRunAll)
}

func wantRefused(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: the refusal does not say %s: %v", what, word, err)
		}
	}
}

func wantTaken(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s is refused: %v", what, err)
	}
}

func TestSecretsAreNamedByThoseWhoMayGetThem(t *testing.T) {
	t.Parallel()
	g := guard(t)
	// With all Secrets at once, the policy is within what it may cost.
	const every = `
database: {urlSecretRef: {name: %[1]s}, caSecretRef: {name: %[1]s}}
cache: {urlSecretRef: {name: %[1]s}, caSecretRef: {name: %[1]s}}
tls: {secretRef: {name: %[1]s}}
email: {from: a@shop.example, smtp: {host: smtp.shop.example, credentialsSecretRef: {name: %[1]s}, caSecretRef: {name: %[1]s}}}
sms: {webhook: {url: 'https://sms.example', signingSecretRef: {name: %[1]s}}}
clients: {registration: {initialAccessTokens: {name: %[1]s}}}
exposure: {ingress: {tlsSecretName: %[1]s}}
imagePullSecrets: [{name: %[1]s}, {name: second}, {name: third}, {name: fourth}]
`
	everything := fmt.Sprintf(every, "unknown")
	wantTaken(t, "a realm with every Secret that the editor may get", g.editor.Create(t.Context(), g.object(t, "AuthRealm", fmt.Sprintf(every, known)), client.DryRunAll))
	wantTaken(t, "a realm without a Secret", g.editor.Create(t.Context(), g.object(t, "AuthRealm", ""), client.DryRunAll))
	wantTaken(t, "a realm of somebody who may get every Secret", g.admin.Create(t.Context(), g.object(t, "AuthRealm", everything), client.DryRunAll))

	for name, onCall := range map[string]string{
		"revoking a key":        "signingKeys: {revoked: [dzgHR0ewdsl5kdxx8V7O3wUNXYVC8UcGmYbQ2Tm4Ff0]}",
		"another number":        "replicas: 7",
		"another text":          "ui: {displayName: The Shop}",
		"a shorter lifetime":    "tokens: {accessTokenLifetime: 5m}",
		"a lock that is longer": "login: {lockout: {duration: 1h}}",
	} {
		wantTaken(t, name+", by somebody who may get no Secret", g.change(t, "AuthRealm", everything, everything+onCall))
	}
	wantTaken(t, "taking every Secret away", g.change(t, "AuthRealm", everything, "replicas: 7"))

	for _, kind := range []string{"AuthRealm", "OAuthProvider"} {
		for field, ref := range references(kind) {
			unknown := fmt.Sprintf(ref.spec, "unknown")
			words := []string{"denied request: " + field, `"unknown"`, "system:serviceaccount:" + g.namespace + ":" + editor, "may not get"}
			wantRefused(t, "a new "+field, g.editor.Create(t.Context(), g.object(t, kind, unknown), client.DryRunAll), words...)
			wantTaken(t, "a new "+field+" that the editor may get", g.editor.Create(t.Context(), g.object(t, kind, fmt.Sprintf(ref.spec, known)), client.DryRunAll))
			wantRefused(t, "another "+field, g.change(t, kind, fmt.Sprintf(ref.spec, known), unknown), words...)
			wantTaken(t, field+" as it was", g.change(t, kind, unknown, unknown))
			if ref.moved != "" {
				wantRefused(t, field+" at another address", g.change(t, kind, unknown, fmt.Sprintf(ref.moved, "unknown")), words...)
			}
		}
	}
	sameSecret := fmt.Sprintf(references("AuthRealm")["sms.twilio.authTokenSecretRef"].spec, known)
	wantTaken(t, "another address for a Secret that the editor may get", g.change(t, "AuthRealm", sameSecret, strings.Replace(sameSecret, "sms.example", "other.example", 1)))
}

func TestPoliciesRefuseWhatTheInstallationDoesNotAllow(t *testing.T) {
	t.Parallel()
	g := guard(t, "allowed.images={registry.example.com/identity/,registry.example.com/redis}", "image.repository=localhost:5000/realmkeeper",
		"managedImages.postgres=postgres:15@sha256:0", "allowed.ingressAnnotations={nginx.ingress.kubernetes.io/backend-protocol,alb.ingress.kubernetes.io/}")
	const annotated = "exposure: {ingress: {annotations: {%s: x}}}"
	for _, c := range []struct{ spec, refusedFor string }{
		{"image: localhost:5000/realmkeeper:2", ""},
		{"image: registry.example.com/identity/realmkeeper@sha256:0", ""},
		{"image: registry.example.com/identity-evil/realmkeeper", "image: this installation does not allow the image registry.example.com/identity-evil/realmkeeper"},
		{"image: localhost:5000/realmkeeper-evil", "image:"},
		{"image: realmkeeper", "image:"},
		{"image: registry.example.com:5000/identity/realmkeeper", "image:"},
		{"database: {managed: {image: 'postgres:16'}}", ""},
		{"database: {managed: {image: 'docker.io/postgres:16'}}", ""},
		{"database: {managed: {image: 'postgres:5000/evil'}}", "database.managed.image:"},
		{"database: {managed: {image: 'postgres/evil'}}", "database.managed.image:"},
		{"database: {managed: {image: 'evil.example/library/postgres'}}", "database.managed.image:"},
		{"cache: {managed: {image: 'registry.example.com/redis:8'}}", ""},
		{"cache: {managed: {image: 'registry.example.com/redis.evil'}}", "cache.managed.image:"},
		{fmt.Sprintf(annotated, "nginx.ingress.kubernetes.io/backend-protocol"), ""},
		{fmt.Sprintf(annotated, "alb.ingress.kubernetes.io/scheme"), ""},
		{fmt.Sprintf(annotated, "nginx.ingress.kubernetes.io/configuration-snippet"), "exposure.ingress.annotations: this installation does not allow nginx.ingress.kubernetes.io/configuration-snippet;"},
		{fmt.Sprintf(annotated, "cert-manager.io/cluster-issuer"), "exposure.ingress.annotations:"},
		{fmt.Sprintf(annotated, "external-dns.alpha.kubernetes.io/hostname"), "exposure.ingress.annotations:"},
		{"tracing: {endpoint: 'https://otel.example.com'}", ""},
		{"tracing: {endpoint: 'http://otel.observability', allowPrivateNetworks: true}", "tracing.allowPrivateNetworks:"},
		{"clients: {allowPrivateNetworks: true}", "clients.allowPrivateNetworks:"},
		{"sms: {webhook: {url: 'http://sms.tools', signingSecretRef: {name: known}}, allowPrivateNetworks: true}", "sms.allowPrivateNetworks:"},
	} {
		err := g.admin.Create(t.Context(), g.object(t, "AuthRealm", c.spec), client.DryRunAll)
		if c.refusedFor == "" {
			wantTaken(t, c.spec, err)
			continue
		}
		wantRefused(t, c.spec, err, c.refusedFor, "allowed.")
	}
	dex := fmt.Sprintf(provider, known) + "type: OIDC\nissuer: http://dex.dex.svc\nallowPrivateNetworks: true"
	wantRefused(t, "a provider in the cluster", g.editor.Create(t.Context(), g.object(t, "OAuthProvider", dex), client.DryRunAll), "allowPrivateNetworks:", "allowed.privateNetworks")

	// What stands there from before goes on, and can be changed elsewhere.
	older := func(spec string) *unstructured.Unstructured {
		realm := g.older.DeepCopy()
		realm.Object["spec"] = g.object(t, "AuthRealm", spec).Object["spec"]
		return realm
	}
	wantTaken(t, "another number of pods", g.editor.Update(t.Context(), older(fromBefore+"replicas: 7\n"), client.DryRunAll))
	for from, to := range map[string][2]string{
		"image: evil.example/realmkeeper": {"image: evil.example/another", "image:"},
		"image: evil.example/postgres":    {"image: evil.example/another", "database.managed.image:"},
		"http://otel.observability":       {"http://another.observability", "tracing.allowPrivateNetworks:"},
		"example.com/any: x":              {"example.com/any: another", "exposure.ingress.annotations:"},
	} {
		changed := older(strings.Replace(fromBefore, from, to[0], 1))
		wantRefused(t, to[0], g.editor.Update(t.Context(), changed, client.DryRunAll), to[1])
	}
}

// Whoever holds one of the operator's Leases has every other installation stand back: of a
// namespace's realms, or of all of them. Roles for Leases are common, so that any program
// may elect its leader.
func TestOnlyOperatorsHoldTheLeasesOfOne(t *testing.T) {
	t.Parallel()
	g := guard(t)
	everywhere := controllers.LeaseOf(g.namespace, "").Name
	inNamespace := controllers.LeaseOf("realmkeeper-system", g.namespace).Name
	operators := rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"authrealms/status"}, Verbs: []string{"patch"}}
	for name, status := range map[string][]rbacv1.PolicyRule{"stranger": nil, "local": {operators}, "central": nil} {
		meta := metav1.ObjectMeta{Namespace: g.namespace, Name: name}
		subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: g.namespace, Name: name}}
		leases := rbacv1.PolicyRule{APIGroups: []string{coordinationv1.GroupName}, Resources: []string{"leases"}, Verbs: []string{"create", "get", "update"}}
		objects := []client.Object{
			&rbacv1.Role{ObjectMeta: meta, Rules: append(status, leases)},
			&rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}},
		}
		if name == "central" {
			meta := metav1.ObjectMeta{Name: name}
			objects = append(objects, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{operators}},
				&rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}})
		}
		for _, o := range objects {
			if err := g.admin.Create(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	as := func(name string) client.Client {
		c, err := client.New(g.plane.ServiceAccount(g.namespace, name), client.Options{Scheme: g.plane.Scheme()})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	lease := func(name, holder string) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: name}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder}}
	}
	eventually.Succeeds(t, func(ctx context.Context) error {
		if err := as("stranger").Create(ctx, lease(everywhere, "me"), client.DryRunAll); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "elect") {
			return fmt.Errorf("nobody refuses a stranger: %w", err)
		}
		return nil
	})
	for _, c := range []struct {
		who, lease string
		refused    bool
	}{
		{"stranger", everywhere, true},
		{"stranger", inNamespace, true},
		{"stranger", "another-program", false},
		{"local", everywhere, true},
		{"local", inNamespace, false},
		{"central", everywhere, false},
		{"central", inNamespace, false},
	} {
		created := as(c.who).Create(t.Context(), lease(c.lease, "me"), client.DryRunAll)
		existing := lease(c.lease, "somebody")
		if err := g.admin.Create(t.Context(), existing); err != nil {
			t.Fatal(err)
		}
		taken := "me"
		existing.Spec.HolderIdentity = &taken
		updated := as(c.who).Update(t.Context(), existing, client.DryRunAll)
		for how, err := range map[string]error{"creates": created, "takes": updated} {
			what := fmt.Sprintf("%s %s Lease %s", c.who, how, c.lease)
			if c.refused {
				wantRefused(t, what, err, "system:serviceaccount:"+g.namespace+":"+c.who, "authrealms/status")
			} else {
				wantTaken(t, what, err)
			}
		}
		if err := g.admin.Delete(t.Context(), existing); err != nil {
			t.Fatal(err)
		}
	}
}

// fromBefore is the spec of a realm that was there before there were policies.
const fromBefore = `
image: evil.example/realmkeeper
database: {managed: {image: evil.example/postgres}}
tracing: {endpoint: 'http://otel.observability', allowPrivateNetworks: true}
exposure: {ingress: {annotations: {example.com/any: x}}}
`
