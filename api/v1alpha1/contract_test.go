// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// setting is where a field of a spec is found again.
type setting struct {
	// in is its place in the settings document; the same as in the spec when empty.
	in string
	// absent is what the description says of a field that is not there; the value
	// in realmconfig.Defaults when empty, nothing when always.
	absent string
	// laxBelow allows the document what is less than the kind takes, and says why.
	laxBelow string
	// not says what a field is that no document of the auth server has.
	not string
}

// always is said of a field that is never absent.
const always = "always"

// What is not a setting of the auth server; its defaults are the operator's.
const (
	inObjects = "a field of the realm's objects"
	mounted   = "where a Secret or a ConfigMap is, whose content is mounted"
	byKeys    = "a rule for the operator, which makes the signing keys"

	byAdmission = "a rule for the operator, which takes clients up"
	bySecrets   = "a rule for the operator, which writes the client's Secret"
	byExamples  = "a proof for the operator, which tells pods of the claims once it holds"
)

// realmSettings are the fields of an AuthRealm's spec about which there is more to
// say than that they stand at the same place in the settings document.
func realmSettings() map[string]setting {
	return map[string]setting{
		"signingKeys.jwksMaxAge":                        {in: "tokens.jwksMaxAge", laxBelow: "a server works with keys that nobody keeps"},
		"signingKeys.algorithm":                         {not: byKeys},
		"signingKeys.rotationInterval":                  {not: byKeys},
		"signingKeys.rotateAfter":                       {not: byKeys},
		"signingKeys.revoked[]":                         {not: byKeys},
		"login.mailCode":                                {absent: string(realmconfig.MailCodeOff)},
		"registration.passkeys":                         {absent: string(realmconfig.PasskeyRegistrationRefused)},
		"forwardAuth.unverifiedEmail":                   {absent: string(realmconfig.OmitUnverified)},
		"email.smtp.host":                               {in: "email.host"},
		"email.smtp.port":                               {in: "email.port"},
		"email.smtp.security":                           {in: "email.security"},
		"email.smtp.allowPrivateNetworks":               {in: "email.allowPrivateNetworks"},
		"email.smtp.credentialsSecretRef.name":          {not: mounted},
		"email.smtp.credentialsSecretRef.usernameKey":   {not: mounted},
		"email.smtp.credentialsSecretRef.passwordKey":   {not: mounted},
		"email.smtp.caSecretRef.name":                   {not: mounted},
		"email.smtp.caSecretRef.key":                    {not: mounted},
		"sms.twilio.accountSID":                         {in: "sms.accountSID"},
		"sms.twilio.from":                               {in: "sms.from"},
		"sms.twilio.url":                                {in: "sms.url", absent: realmconfig.TwilioURL},
		"sms.twilio.authTokenSecretRef.name":            {not: mounted},
		"sms.twilio.authTokenSecretRef.key":             {not: mounted},
		"sms.webhook.url":                               {in: "sms.url"},
		"sms.webhook.signingSecretRef.name":             {not: mounted},
		"sms.webhook.signingSecretRef.key":              {not: mounted},
		"ui.logo.configMapRef.name":                     {not: mounted},
		"ui.logo.configMapRef.key":                      {not: mounted},
		"ui.colors.light.accent":                        {in: "ui.light.accent"},
		"ui.colors.light.background":                    {in: "ui.light.background"},
		"ui.colors.light.surface":                       {in: "ui.light.surface"},
		"ui.colors.light.text":                          {in: "ui.light.text"},
		"ui.colors.dark.accent":                         {in: "ui.dark.accent"},
		"ui.colors.dark.background":                     {in: "ui.dark.background"},
		"ui.colors.dark.surface":                        {in: "ui.dark.surface"},
		"ui.colors.dark.text":                           {in: "ui.dark.text"},
		"ui.languages[]":                                {absent: strings.Join(realmconfig.Languages(), ", ")},
		"ui.returnURLs[]":                               {in: "browser.returnURLs[]"},
		"ui.resetPasswordURL":                           {in: "browser.resetPasswordURL"},
		"ui.verifyEmailURL":                             {in: "browser.verifyEmailURL"},
		"cors.allowedOrigins[]":                         {in: "browser.allowedOrigins[]"},
		"twoFactor.required.who":                        {absent: always},
		"replicas":                                      {not: inObjects},
		"image":                                         {not: inObjects},
		"resources":                                     {not: inObjects},
		"scheduling.nodeSelector{}":                     {not: inObjects},
		"scheduling.tolerations":                        {not: inObjects},
		"scheduling.affinity":                           {not: inObjects},
		"scheduling.topologySpreadConstraints":          {not: inObjects},
		"scheduling.priorityClassName":                  {not: inObjects},
		"scheduling.runtimeClassName":                   {not: inObjects},
		"imagePullSecrets[].name":                       {not: inObjects},
		"autoscaling.maxReplicas":                       {not: inObjects},
		"autoscaling.minReplicas":                       {not: inObjects},
		"autoscaling.targetCPUUtilization":              {not: inObjects},
		"autoscaling.metrics":                           {not: inObjects},
		"database.caSecretRef.key":                      {not: mounted},
		"database.caSecretRef.name":                     {not: mounted},
		"database.managed.deletionPolicy":               {not: inObjects},
		"database.managed.image":                        {not: inObjects},
		"database.managed.rotatePasswordAfter":          {not: inObjects},
		"database.managed.storage.className":            {not: inObjects},
		"database.managed.storage.size":                 {not: inObjects},
		"database.urlSecretRef.key":                     {not: mounted},
		"database.urlSecretRef.name":                    {not: mounted},
		"database.managed.resources":                    {not: inObjects},
		"database.managed.sidecarResources":             {not: inObjects},
		"database.managed.scheduling":                   {not: inObjects},
		"cache.caSecretRef.key":                         {not: mounted},
		"cache.caSecretRef.name":                        {not: mounted},
		"cache.managed.image":                           {not: inObjects},
		"cache.managed.rotatePasswordAfter":             {not: inObjects},
		"cache.urlSecretRef.key":                        {not: mounted},
		"cache.urlSecretRef.name":                       {not: mounted},
		"cache.managed.resources":                       {not: inObjects},
		"cache.managed.sidecarResources":                {not: inObjects},
		"cache.managed.scheduling":                      {not: inObjects},
		"tls.certManager.dnsNames[]":                    {not: inObjects},
		"tls.certManager.duration":                      {not: inObjects},
		"tls.certManager.issuerRef.group":               {not: inObjects},
		"tls.certManager.issuerRef.kind":                {not: inObjects},
		"tls.certManager.issuerRef.name":                {not: inObjects},
		"tls.secretRef.name":                            {not: mounted},
		"exposure.gateway.parentRefs[].name":            {not: inObjects},
		"exposure.gateway.parentRefs[].namespace":       {not: inObjects},
		"exposure.gateway.parentRefs[].port":            {not: inObjects},
		"exposure.gateway.parentRefs[].sectionName":     {not: inObjects},
		"exposure.ingress.annotations{}":                {not: inObjects},
		"exposure.ingress.className":                    {not: inObjects},
		"exposure.ingress.tlsSecretName":                {not: inObjects},
		"networkPolicy.from":                            {not: inObjects},
		"networkPolicy.metricsFrom":                     {not: inObjects},
		"networkPolicy.to":                              {not: inObjects},
		"monitoring.dashboard":                          {not: inObjects},
		"monitoring.labels{}":                           {not: inObjects},
		"monitoring.podMonitor.interval":                {not: inObjects},
		"monitoring.prometheusRule":                     {not: inObjects},
		"initialAdmin.email":                            {not: "the first user, of whom the migration is told"},
		"clients.registration.initialAccessTokens.name": {not: "where a Secret is, of which the operator tells pods digests"},
		"clients.allowedNamespaces":                     {not: byAdmission},
		"clients.namespaceSelector":                     {not: byAdmission},
		"examples":                                      {not: byExamples},
		"clients.clusters":                              {not: "in the document of clusters, which render knows"},
	}
}

// providerSettings are such fields of an OAuthProvider's spec.
func providerSettings() map[string]setting {
	const callback = "a wish; render.Callbacks says which one a provider has"
	return map[string]setting{
		"realmRef.name":        {not: "the realm, whose settings these are"},
		"type":                 {absent: always},
		"clientSecretRef.name": {not: mounted},
		"clientSecretRef.key":  {not: mounted},
		"callback":             {not: callback},
		"responseMode":         {absent: string(realmconfig.QueryMode)},
		"linking.byEmail":      {in: "linkByEmail"},
	}
}

// What a kind says of a setting, and what the auth server makes of it, are two
// programs' matter. Here they are asked for every value at a bound and beyond it.
func TestKindsAndTheAuthServerAgreeOnEverySetting(t *testing.T) {
	t.Parallel()
	for kind, side := range sides(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			known := side.settings
			found := map[string]bool{}
			for path, field := range fieldsOf(specOf(t, kind), "", known) {
				s := known[path]
				found[path] = true
				if s.not != "" {
					continue
				}
				s.in = side.within + cmp.Or(s.in, path)
				t.Run(path, func(t *testing.T) {
					t.Parallel()
					side.standsInTheDocument(t, s)
					side.saysItsDefault(t, s, field)
					for _, trial := range trials(t, field) {
						if trial.less && s.laxBelow != "" {
							continue
						}
						wantRefused(t, trial, "the kind", refusedByKind(t, kind, side.spec, path, trial.value))
						wantRefused(t, trial, "the auth server", side.refusedByServer(t, s.in, trial.value))
					}
				})
			}
			for path := range known {
				if !found[path] {
					t.Errorf("%s has no field spec.%s any more", kind, path)
				}
			}
		})
	}
}

// asking is a realm that has every part with settings of its own.
const asking = issuer + `
registration: {emailVerification: Optional}
email: {from: a@b.example, smtp: {host: a}}
sms: {webhook: {url: https://a.example, signingSecretRef: {name: s}}}
tracing: {endpoint: https://otel.example.com}
personalAccessTokens: {}
twoFactor: {required: {who: Admins}}
passwords: {existing: {}}
passkeys: {}
clients: {registration: {initialAccessTokens: {name: s}}}
`

const googleProvider = "{realmRef: {name: realm}, type: Google, clientID: id, clientSecretRef: {name: s}}"

// document is what its auth server is told when it says no more than that, and
// has that provider.
func document(t *testing.T) map[string]any {
	t.Helper()
	config := realmconfig.Defaults("default/realm", "https://login.example.com")
	email, sms, tracing, registration := realmconfig.DefaultEmail(), realmconfig.DefaultSMS(), realmconfig.DefaultTracing(), realmconfig.DefaultClientRegistration()
	email.From, email.Host, email.Product = "a@b.example", "a", "realm"
	sms.Kind, sms.URL = realmconfig.Webhook, "https://a.example"
	tracing.Endpoint = "https://otel.example.com"
	tokens := realmconfig.DefaultPersonalAccessTokens()
	config.PersonalAccessTokens = &tokens
	factors, passwords := realmconfig.DefaultRequiredFactors(), realmconfig.DefaultExistingPasswords()
	factors.Who = realmconfig.RequiredOfAdmins
	config.TwoFactor.Required, config.Passwords.Existing = &factors, &passwords
	recovery := realmconfig.DefaultRecovery()
	config.Recovery, config.Passkeys = &recovery, &realmconfig.Passkeys{}
	provider := realmconfig.DefaultProvider()
	provider.Name, provider.DisplayName, provider.Type, provider.ClientID = "google", "Google", realmconfig.Google, "id"
	config.Clients.Registration = &registration
	config.Email, config.SMS, config.Tracing, config.Providers = &email, &sms, &tracing, []realmconfig.Provider{provider}
	encoded, err := realmconfig.Encode(config)
	if err != nil {
		t.Fatal(err)
	}
	return fields(t, string(encoded))
}

// A duration without the marker would be any text for the API server.
func TestEveryDurationHasItsMarker(t *testing.T) {
	t.Parallel()
	all := sides(t)
	for kind, spec := range map[string]reflect.Type{
		"AuthRealm": reflect.TypeFor[v1alpha1.AuthRealmSpec](), "OAuthClient": reflect.TypeFor[v1alpha1.OAuthClientSpec](),
	} {
		known := fieldsOf(specOf(t, kind), "", all[kind].settings)
		for _, path := range durationsOf(spec, "") {
			if known[path].kind != "duration" {
				t.Errorf("spec.%s of %s has no marker realmkeeper:validation:Duration", path, kind)
			}
		}
	}
	if more := durationsOf(reflect.TypeFor[v1alpha1.OAuthProviderSpec](), ""); len(more) > 0 {
		t.Errorf("an OAuthProvider has durations, too, which nothing looks at: %v", more)
	}
}

// durationsOf are the fields of our own types that are durations.
func durationsOf(of reflect.Type, path string) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of == reflect.TypeFor[metav1.Duration]() {
		return []string{path}
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[v1alpha1.AuthRealm]().PkgPath() {
		return nil
	}
	var all []string
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		all = append(all, durationsOf(of.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return all
}

func TestKindAndAuthServerAgreeOnTheLengthOfALabel(t *testing.T) {
	t.Parallel()
	spec, longest := fields(t, asking), strings.Repeat("a", 64)
	for label, refused := range map[string]bool{longest: false, longest + "a": true} {
		trial := trial{value: label, refused: refused}
		wantRefused(t, trial, "the kind", refusedByKind(t, "AuthRealm", spec, "twoFactor.label", label))
		wantRefused(t, trial, "the auth server", sides(t)["AuthRealm"].refusedByServer(t, "twoFactor.label", label))
	}
}

func TestDescriptionSaysWhichPortGoesWithWhichSecurity(t *testing.T) {
	t.Parallel()
	says := specOf(t, "AuthRealm").Properties["email"].Properties["smtp"].Properties["port"].Description
	want := fmt.Sprintf("when absent %d, with security TLS %d, with None %d",
		realmconfig.StartTLS.Port(), realmconfig.ImplicitTLS.Port(), realmconfig.NoTLS.Port())
	if !strings.Contains(says, want) {
		t.Errorf("the description says %q, want %q", says, want)
	}
}

// The rule that compares the two has the default of either.
func TestARefreshTokenLastsAsLongAsAnAccessTokenThatIsNotSaid(t *testing.T) {
	t.Parallel()
	tokens := realmconfig.Defaults("default/realm", "https://login.example.com").Tokens
	access, refresh := time.Duration(tokens.AccessTokenLifetime), time.Duration(tokens.RefreshTokenLifetime)
	lifetime := func(d time.Duration) string { return issuer + "tokens: {refreshTokenLifetime: " + d.String() + "}" }
	if err := submit(t, "AuthRealm", "realm", lifetime(access)); err != nil {
		t.Errorf("refused: %v", err)
	}
	wantRefusal(t, submit(t, "AuthRealm", "realm", lifetime(access-time.Second)),
		fmt.Sprintf("refreshTokenLifetime (%s when absent) must not be shorter than accessTokenLifetime (%s when absent)",
			plain(refresh.String()), plain(access.String())))
}

// trial is a value that both sides take, or neither.
type trial struct {
	value   any
	refused bool
	less    bool // than the least
}

func trials(t *testing.T, f field) []trial {
	t.Helper()
	var all []trial
	switch f.kind {
	case "integer":
		for _, bound := range []struct {
			at   *int
			step int
		}{{f.schema.Minimum, -1}, {f.schema.Maximum, 1}} {
			if bound.at == nil {
				t.Fatal("has a number without a bound")
			}
			n := *bound.at
			all = append(all, trial{value: n}, trial{value: n + bound.step, refused: true, less: bound.step < 0})
		}
	case "duration":
		for sign, step := range map[string]time.Duration{">=": -time.Second, "<=": time.Second} {
			d := boundOf(t, f, sign)
			all = append(all, trial{value: d.String()}, trial{value: (d + step).String(), refused: true, less: step < 0})
		}
	case "enum":
		for _, word := range f.schema.Enum {
			all = append(all, trial{value: word})
		}
		all = append(all, trial{value: "Otherwise", refused: true})
	case "boolean":
		all = append(all, trial{value: true}, trial{value: false})
	}
	return all
}

// boundOf is the duration in the field's rule.
func boundOf(t *testing.T, f field, sign string) time.Duration {
	t.Helper()
	for _, rule := range f.schema.Rules {
		if found := regexp.MustCompile(`duration\(self\) ` + sign + ` duration\('(\w+)'\)`).FindStringSubmatch(rule.Rule); found != nil {
			d, err := time.ParseDuration(found[1])
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	t.Fatalf("has a duration without a bound %s", sign)
	return 0
}

func wantRefused(t *testing.T, trial trial, side string, err error) {
	t.Helper()
	if refused := err != nil; refused != trial.refused {
		t.Errorf("%v is refused by %s: %t, want %t (%v)", trial.value, side, refused, trial.refused, err)
	}
}

// refusedByKind is what the API server has against this field. What it has against
// others, which the value does not go with, is not asked here.
func refusedByKind(t *testing.T, kind string, spec map[string]any, path string, value any) error {
	t.Helper()
	encoded, err := json.Marshal(withValue(spec, path, value))
	if err != nil {
		t.Fatal(err)
	}
	err = submit(t, kind, "realm", string(encoded))
	switch {
	case err != nil && !apierrors.IsInvalid(err):
		t.Fatal(err)
	case err != nil && strings.Contains(err.Error(), "spec."+place(path)+": "):
		return err
	}
	return nil
}
