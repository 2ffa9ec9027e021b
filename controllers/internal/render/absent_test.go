// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func TestARealmThatSaysNothingHasTheDefaultSettings(t *testing.T) {
	t.Parallel()
	got := render.Config(inputs(t, "issuer: https://login.example.com"))
	if want := realmconfig.Defaults("identity/staff", "https://login.example.com"); !reflect.DeepEqual(got, want) {
		t.Errorf("its settings are\n%+v, want\n%+v", got, want)
	}
}

// Pages that speak of a default in their own words are read here, too.
func TestPagesTellTheDefaults(t *testing.T) {
	t.Parallel()
	d := realmconfig.Defaults("identity/staff", "https://login.example.com")
	in := func(d realmconfig.Duration, unit time.Duration) int { return int(time.Duration(d) / unit) }
	nothing := inputs(t, "issuer: https://login.example.com").Realm
	for _, page := range []struct{ name, says string }{
		{"security.md", fmt.Sprintf("bcrypt hashes, cost %d by default", d.Passwords.BcryptCost)},
		{"security.md", fmt.Sprintf("After %d failures an account is locked for %d minutes", d.Login.Lockout.Failures, in(d.Login.Lockout.Duration, time.Minute))},
		{"problems/account_locked.md", fmt.Sprintf("%d in %d minutes by default", d.Login.Lockout.Failures, in(d.Login.Lockout.Duration, time.Minute))},
		{"problems/challenge_invalid.md", fmt.Sprintf("(%d minutes by default)", in(d.TwoFactor.ChallengeLifetime, time.Minute))},
		{"problems/reset_token_invalid.md", fmt.Sprintf("(%d hour by default)", in(d.Passwords.ResetTokenLifetime, time.Hour))},
		{"problems/token_expired.md", map[int]string{1: "one hour after it was issued by default"}[in(d.Tokens.AccessTokenLifetime, time.Hour)]},
		{"security.md", fmt.Sprintf("a picture of at most %d KiB", realmconfig.MaxPicture>>10)},
		{"pages.md", fmt.Sprintf("SVG or PNG, at most %d KiB", realmconfig.MaxPicture>>10)},
		{"key-rotation.md", fmt.Sprintf("replaces every %.0f days", render.RotationInterval(nothing).Hours()/24)},
		{"key-rotation.md", fmt.Sprintf("# %.0fh when absent", render.RotationInterval(nothing).Hours())},
		{"key-rotation.md", fmt.Sprintf("or %s when absent", render.Algorithm(nothing))},
		{"key-rotation.md", fmt.Sprintf("# %dm when absent", in(d.Tokens.JWKSMaxAge, time.Minute))},
	} {
		text, err := os.ReadFile("../../../docs/" + page.name)
		if err != nil {
			t.Fatal(err)
		}
		if page.says == "" || !strings.Contains(string(text), page.says) {
			t.Errorf("docs/%s does not say %q", page.name, page.says)
		}
	}
}

// What is not a setting of the auth server has its default here, and the kind's
// description tells it.
func TestDescriptionsTellTheDefaultsOfObjects(t *testing.T) {
	t.Parallel()
	const issuer = "issuer: https://login.example.com\n"
	nothing := inputs(t, issuer).Realm
	scaled := inputs(t, issuer+"autoscaling: {maxReplicas: 9}")
	own := inputs(t, issuer+"database: {urlSecretRef: {name: db}, caSecretRef: {name: ca}}\ncache: {urlSecretRef: {name: redis}, caSecretRef: {name: ca}}").Realm
	server, database, cache := appsv1.Deployment{}, appsv1.StatefulSet{}, appsv1.Deployment{}
	rendered(t, inputs(t, issuer), "Deployment", "staff", &server)
	rendered(t, inputs(t, issuer), "StatefulSet", "staff-database", &database)
	rendered(t, inputs(t, issuer), "Deployment", "staff-cache", &cache)
	autoscaler := autoscalingv2.HorizontalPodAutoscaler{}
	rendered(t, scaled, "HorizontalPodAutoscaler", "staff", &autoscaler)
	policy := v1alpha1.DeleteData
	if render.OutlivesRealm(nothing) {
		policy = v1alpha1.RetainData
	}
	for field, words := range map[string]string{
		"replicas":                           fmt.Sprintf("%d when absent", render.Replicas(nothing)),
		"autoscaling.minReplicas":            fmt.Sprintf("%d when absent", *autoscaler.Spec.MinReplicas),
		"autoscaling.targetCPUUtilization":   fmt.Sprintf("%d when neither it nor metrics are there", *autoscaler.Spec.Metrics[0].Resource.Target.AverageUtilization),
		"signingKeys.algorithm":              fmt.Sprintf("%s (also when absent)", render.Algorithm(nothing)),
		"signingKeys.rotationInterval":       fmt.Sprintf("%.0fh, which is %.0f days, when absent", render.RotationInterval(nothing).Hours(), render.RotationInterval(nothing).Hours()/24),
		"database.managed.deletionPolicy":    fmt.Sprintf("%s (also when absent)", policy),
		"database.managed.storage.size":      database.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String() + " when absent",
		"resources":                          resourcesOf(server.Spec.Template),
		"database.managed.resources":         resourcesOf(database.Spec.Template),
		"cache.managed.resources":            resourcesOf(cache.Spec.Template),
		"database.managed.sidecarResources":  sidecarResourcesOf(database.Spec.Template),
		"cache.managed.sidecarResources":     sidecarResourcesOf(cache.Spec.Template),
		"database.urlSecretRef":              "in key " + render.DatabaseURL(own).Key + " when it names none",
		"database.caSecretRef":               "in key " + render.DatabaseCA(own).Key + " when it names none",
		"cache.urlSecretRef":                 "in key " + render.CacheURL(own).Key + " when it names none",
		"cache.caSecretRef":                  "in key " + render.CacheCA(own).Key + " when it names none",
		"email.smtp.caSecretRef":             "in key " + keys(t, issuer+"email: {smtp: {caSecretRef: {name: ca}}}")[0] + " when it names none",
		"sms.twilio.authTokenSecretRef":      "in key " + keys(t, issuer+"sms: {twilio: {authTokenSecretRef: {name: t}}}")[0] + " when it names none",
		"sms.webhook.signingSecretRef":       "in key " + keys(t, issuer+"sms: {webhook: {signingSecretRef: {name: t}}}")[0] + " when it names none",
		credentials + ".usernameKey":         keys(t, issuer+"email: {smtp: {credentialsSecretRef: {name: s}}}")[0] + " when absent",
		credentials + ".passwordKey":         keys(t, issuer+"email: {smtp: {credentialsSecretRef: {name: s}}}")[1] + " when absent",
		"OAuthProvider spec.clientSecretRef": "in key " + render.ClientSecret(&v1alpha1.OAuthProvider{}).Key + " when it names none",
	} {
		if says := description(t, field); !strings.Contains(says, words) {
			t.Errorf("%s is %q, and its description says\n%s", field, words, says)
		}
	}
}

const credentials = "email.smtp.credentialsSecretRef"

// resourcesOf is what the description of a pod's resources says.
func resourcesOf(pod corev1.PodTemplateSpec) string { return inWords(pod.Spec.Containers[0].Resources) }

// sidecarResourcesOf is what the description of a sidecar's resources says.
func sidecarResourcesOf(pod corev1.PodTemplateSpec) string {
	return inWords(pod.Spec.Containers[len(pod.Spec.Containers)-1].Resources)
}

func inWords(r corev1.ResourceRequirements) string {
	return fmt.Sprintf("%s CPU and %s of memory requested and %s of memory allowed when absent",
		r.Requests.Cpu(), r.Requests.Memory(), r.Limits.Memory())
}

// keys are those of the one Secret that mail or text messages need.
func keys(t *testing.T, spec string) []string {
	t.Helper()
	return render.DeliverySecrets(inputs(t, spec).Realm)[0].Keys()
}

// rendered reads the object of that name into what the API has for its kind.
func rendered(t *testing.T, in render.Inputs, kind, name string, into any) {
	t.Helper()
	objects, err := render.Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if *o.GetKind() != kind || *o.GetName() != name {
			continue
		}
		encoded, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, into); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("there is no %s %s", kind, name)
}

// description is on one line; the field is of AuthRealm's spec unless it says more.
func description(t *testing.T, field string) string {
	t.Helper()
	kind, path, other := strings.Cut(field, " spec.")
	if !other {
		kind, path = "AuthRealm", field
	}
	text, err := os.ReadFile("../../../config/crd/auth.realmkeeper.io_" + strings.ToLower(kind) + "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Description string                     `json:"description"`
		Properties  map[string]json.RawMessage `json:"properties"`
	}
	definition := struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}{}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	at := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	for _, name := range strings.Split("spec."+path, ".") {
		next := schema{}
		if err := json.Unmarshal(at.Properties[name], &next); err != nil {
			t.Fatalf("there is no field %s: %v", field, err)
		}
		at = next
	}
	return strings.Join(strings.Fields(at.Description), " ")
}
