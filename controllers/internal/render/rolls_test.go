// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// rolling are the fields whose change replaces pods of the auth server: image,
// resources, scheduling, and the names and keys of the Secrets that are mounted.
func rolling() []string {
	return []string{
		"image", "resources", "scheduling.nodeSelector", "scheduling.tolerations", "scheduling.affinity",
		"scheduling.topologySpreadConstraints", "scheduling.priorityClassName", "scheduling.runtimeClassName", "imagePullSecrets",
		"database.urlSecretRef.name", "database.urlSecretRef.key", "database.caSecretRef.name", "database.caSecretRef.key",
		"cache.urlSecretRef.name", "cache.urlSecretRef.key", "cache.caSecretRef.name", "cache.caSecretRef.key",
		"tls.secretRef.name",
		"email.smtp.credentialsSecretRef.name", "email.smtp.credentialsSecretRef.usernameKey",
		"email.smtp.credentialsSecretRef.passwordKey", "email.smtp.caSecretRef.name", "email.smtp.caSecretRef.key",
		"sms.twilio.authTokenSecretRef.name", "sms.twilio.authTokenSecretRef.key",
		"sms.webhook.signingSecretRef.name", "sms.webhook.signingSecretRef.key",
	}
}

// still are the fields, and groups of them, that reach pods while they run, or
// do not concern them.
func still() []string {
	return []string{
		"issuer", "replicas", "autoscaling", "database.managed", "cache.managed", "tls.certManager", "signingKeys", "tokens", "login",
		"passwords", "registration", "forwardAuth", "twoFactor", "passkeys", "recovery", "administration", "email", "sms", "ui", "cors", "network", "audit", "tracing", "exposure",
		"networkPolicy", "monitoring", "initialAdmin", "clients", "personalAccessTokens", "claims", "examples",
	}
}

// surroundings is the spec around a field, where one that has nothing else in
// it makes no sense.
func surroundings(path string) string {
	const email = "email: {from: a@b.example, smtp: {host: smtp.example.com"
	for prefix, spec := range map[string]string{
		"database.urlSecretRef":           "database: {urlSecretRef: {name: db}}",
		"database.caSecretRef":            "database: {urlSecretRef: {name: db}, caSecretRef: {name: ca}}",
		"cache.urlSecretRef":              "cache: {urlSecretRef: {name: redis}}",
		"cache.caSecretRef":               "cache: {urlSecretRef: {name: redis}, caSecretRef: {name: ca}}",
		"tls.secretRef":                   "tls: {secretRef: {name: tls}}",
		"email.smtp.credentialsSecretRef": email + ", credentialsSecretRef: {name: smtp}}}",
		"email.smtp.caSecretRef":          email + ", caSecretRef: {name: smtp}}}",
		"sms.twilio":                      "sms: {twilio: {authTokenSecretRef: {name: twilio}}}",
		"sms.webhook":                     "sms: {webhook: {signingSecretRef: {name: sms}}}",
		"sms.timeout":                     "sms: {webhook: {signingSecretRef: {name: sms}}}",
		"sms.allowPrivateNetworks":        "sms: {webhook: {signingSecretRef: {name: sms}}}",
		"sms.messagesPerHour":             "sms: {webhook: {signingSecretRef: {name: sms}}}",
	} {
		if path == prefix || strings.HasPrefix(path, prefix+".") {
			return "issuer: https://login.example.com\n" + spec
		}
	}
	return "issuer: https://login.example.com"
}

func TestOnlyWhatPodsCannotTakeUpRollsThem(t *testing.T) {
	t.Parallel()
	fields := map[string]bool{}
	for _, path := range leaves(reflect.TypeFor[v1alpha1.AuthRealmSpec](), "") {
		fields[path] = true
		want, known := slices.Contains(rolling(), path), within(still(), path)
		if !want && !known {
			t.Errorf("%s is new: say here whether a change of it rolls pods", path)
			continue
		}
		in := inputs(t, surroundings(path))
		reach(reflect.ValueOf(&in.Realm.Spec).Elem(), path) // with what is around it
		before := serverTemplate(t, in)
		change(t, path, reach(reflect.ValueOf(&in.Realm.Spec).Elem(), path))
		if rolls := serverTemplate(t, in) != before; rolls != want {
			t.Errorf("a change of %s rolls pods: %t, want %t", path, rolls, want)
		}
	}
	for _, path := range rolling() {
		if !fields[path] {
			t.Errorf("%s is no field", path)
		}
	}
	for _, group := range still() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(fields)), func(path string) bool { return within([]string{group}, path) }) {
			t.Errorf("%s is no field and no group of them", group)
		}
	}
}

func TestKeysCertificatesAndPasswordsRollNoPods(t *testing.T) {
	t.Parallel()
	in := inputs(t, cases()["issuer-only"])
	before := serverTemplate(t, in)
	in.Keyset = []byte("other keys")
	in.Database, in.Cache = in.Database.Next("OtherPassword000", noon()), in.Cache.Next("OtherPassword111", noon())
	in.Certificate = &pki.Pair{CertificatePEM: []byte("other certificate")}
	if got := serverTemplate(t, in); got != before {
		t.Errorf("they change the pod template:\n%s", got)
	}
}

func serverTemplate(t *testing.T, in render.Inputs) string {
	t.Helper()
	objects, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if ref := render.ReferenceTo(o); ref.Kind.Kind == "Deployment" && ref.Name == "staff" {
			_, template, _ := strings.Cut(string(document(t, o)), "template:")
			return template
		}
	}
	t.Fatal("no Deployment was rendered")
	return ""
}

func within(groups []string, path string) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return path == g || strings.HasPrefix(path, g+".") })
}

// leaves are the paths of the fields of our own types; a list or a map of them
// is one field.
func leaves(kind reflect.Type, prefix string) []string {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct || kind.PkgPath() != reflect.TypeFor[v1alpha1.AuthRealm]().PkgPath() {
		return []string{prefix}
	}
	var paths []string
	for i := range kind.NumField() {
		name := nameOf(kind.Field(i))
		if prefix != "" {
			name = prefix + "." + name
		}
		paths = append(paths, leaves(kind.Field(i).Type, name)...)
	}
	return paths
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// reach is the field at a path, with every group above it made.
func reach(v reflect.Value, path string) reflect.Value {
	if v.Kind() == reflect.Pointer && path != "" {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if path == "" {
		return v
	}
	first, rest, _ := strings.Cut(path, ".")
	for i := range v.NumField() {
		if nameOf(v.Type().Field(i)) == first {
			return reach(v.Field(i), rest)
		}
	}
	panic("no field " + path)
}

// change gives a field a value that it did not have.
func change(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch value := v.Addr().Interface().(type) {
	case **metav1.Duration:
		*value = &metav1.Duration{Duration: 17 * time.Minute}
		return
	case **metav1.Time:
		*value = &metav1.Time{Time: noon()}
		return
	case **resource.Quantity:
		*value = new(resource.MustParse("17Gi"))
		return
	case *resource.Quantity:
		*value = resource.MustParse("17Gi")
		return
	case **intstr.IntOrString:
		*value = new(intstr.FromInt32(17))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		change(t, path, v.Elem())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 17)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		if v.Index(0).Kind() != reflect.Struct {
			change(t, path, v.Index(0))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		change(t, path, key)
		change(t, path, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct: // of somebody else's: one field of it will do
		for i := range v.NumField() {
			if v.Field(i).Kind() != reflect.Struct {
				change(t, path, v.Field(i))
				return
			}
		}
	default:
		t.Fatalf("%s: no way to change a %s", path, v.Type())
	}
}
