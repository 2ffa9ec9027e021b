// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// conditionsOf are all conditions but the summary, in the order in which they
// come true.
func conditionsOf(realm *v1alpha1.AuthRealm, st state) []metav1.Condition {
	return []metav1.Condition{
		claimsReady(realm, st), resourcesApplied(realm, st), issuerUnique(st), signingKeysReady(st), certificateReady(st),
		databaseReady(st), cacheReady(st), secretsFound(st), brandingAccepted(st), available(realm, st), configPropagated(realm, st),
		proxiesNamed(realm, st), requirementsInForce(realm, st), exposed(realm, st), monitored(realm, st),
	}
}

func resourcesApplied(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.ResourcesAppliedCondition
	all := slices.Concat(st.ownFailures, st.applied.failures)
	if st.settings.failure != nil {
		all = append(all, st.settings.failure)
	}
	if failure := conditions.Join(all); failure != nil {
		return failure.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonApplied, "Every object of the realm is as it should be%s%s",
		registrationAdvice(realm.Spec.Registration), installationAdvice(st.standingBack))
}

// registrationAdvice asks for what a realm that is Open since before it had to say so
// leaves to a default.
func registrationAdvice(r *v1alpha1.Registration) string {
	if r == nil || r.Mode != v1alpha1.OpenRegistration || r.EmailVerification != "" {
		return ""
	}
	return ". registration.mode is Open without emailVerification, which is taken for Optional: anybody signs in with an address that may be somebody else's. Set it to Optional if that is meant, or to Required"
}

func issuerUnique(st state) metav1.Condition {
	const kind = v1alpha1.IssuerUniqueCondition
	switch {
	case st.issuersUnknown != nil:
		return st.issuersUnknown.Unknown(kind)
	case st.duplicateIssuer != nil:
		return st.duplicateIssuer.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonUnique, "No older realm has the same issuer")
}

func signingKeysReady(st state) metav1.Condition {
	const kind = v1alpha1.SigningKeysReadyCondition
	if st.keys.failure != nil {
		return st.keys.failure.False(kind)
	}
	if keys := st.keys.reported; len(keys) == 0 || keys[0].State != rotation.Active || !keys[0].Access {
		return conditions.False(kind, v1alpha1.ReasonInvalidSecret, "No key of the key set may sign now")
	}
	var said []string
	for _, k := range st.keys.reported {
		if what := describeKey(k); what != "" {
			said = append(said, what)
		}
	}
	return conditions.True(kind, v1alpha1.ReasonSigning, "%s", strings.Join(said, "; "))
}

// describeKey tells of a key what is worth telling in one line.
func describeKey(k rotation.Key) string {
	var what, waits string
	if k.WaitsFor != "" {
		waits = ", and waits for " + k.WaitsFor
	}
	switch {
	case k.State == rotation.Active && !k.Access:
		what = fmt.Sprintf("key %s signs ID tokens with %s", k.KID, k.Algorithm)
	case k.State == rotation.Active:
		what = fmt.Sprintf("Key %s signs with %s", k.KID, k.Algorithm)
	case k.State == rotation.Pending && waits == "":
		what = fmt.Sprintf("key %s (%s) signs next, once no verifier has an older copy of the JWKS", k.KID, k.Algorithm)
	case k.State == rotation.Pending:
		what = fmt.Sprintf("key %s (%s) signs next", k.KID, k.Algorithm)
	case waits != "":
		what = fmt.Sprintf("key %s is retiring", k.KID)
	}
	return what + waits
}

func certificateReady(st state) metav1.Condition {
	const kind = v1alpha1.CertificateReadyCondition
	end := st.certificate.notAfter.UTC().Format(time.DateOnly)
	order := st.applied.custom[render.CertificateKind()]
	switch problem := certManagerProblem(order); {
	case problem != "":
		return conditions.False(kind, v1alpha1.ReasonIssuing, "cert-manager: %s", problem)
	case st.certificate.failure != nil:
		return st.certificate.failure.False(kind)
	case st.certificate.issued:
		return conditions.True(kind, v1alpha1.ReasonIssued, "The realm's own authority issued a certificate until %s", end)
	}
	if st.certificate.expiresSoon {
		return conditions.True(kind, v1alpha1.ReasonExpiringSoon, "The certificate is valid until %s alone; put a new one into Secret %q, and pods take it up",
			st.certificate.notAfter.UTC().Format(time.RFC3339), render.CertificateSecret(st.inputs.Realm))
	}
	return conditions.True(kind, v1alpha1.ReasonProvided, "The certificate is valid until %s", end)
}

func databaseReady(st state) metav1.Condition {
	const kind = v1alpha1.DatabaseReadyCondition
	if st.applied.databaseUnknown != nil && st.database.managed && st.database.failure == nil {
		return st.applied.databaseUnknown.Unknown(kind)
	}
	c := orInTheClear(st.inputs.DatabaseTLS, storeReady(kind, "PostgreSQL", "database", st.database, st, st.databaseRuns(), st.databaseTrouble(),
		func(r realmconfig.Report) string { return r.DatabaseProblem }))
	if c.Status == metav1.ConditionTrue && st.volume.differs != "" {
		return conditions.True(kind, v1alpha1.ReasonVolumeDiffers, "%s. %s", c.Message, st.volume.differs)
	}
	return c
}

func cacheReady(st state) metav1.Condition {
	const kind = v1alpha1.CacheReadyCondition
	if st.applied.cacheUnknown != nil && st.cache.managed && st.cache.failure == nil {
		return st.applied.cacheUnknown.Unknown(kind)
	}
	return orInTheClear(st.inputs.CacheTLS, storeReady(kind, "Redis", "cache", st.cache, st, st.cacheRuns(), st.cacheTrouble(),
		func(r realmconfig.Report) string { return r.CacheProblem }))
}

// orInTheClear is a condition that says so while a managed store takes connections
// without TLS.
func orInTheClear(t render.StoreTLS, c metav1.Condition) metav1.Condition {
	if t.Plain && c.Status == metav1.ConditionTrue {
		c.Message += ", also in the clear until every pod speaks TLS"
	}
	return c
}

func storeReady(
	kind, product, field string, store storeState, st state, ready bool, trouble *conditions.Failure, problem func(realmconfig.Report) string,
) metav1.Condition {
	switch {
	case store.failure != nil:
		return store.failure.False(kind)
	case store.managed && !ready && trouble != nil:
		return conditions.False(kind, trouble.Reason, "The managed %s does not answer yet; %s", product, trouble.Message)
	case store.managed && !ready:
		return conditions.False(kind, v1alpha1.ReasonStarting, "The managed %s does not answer yet", product)
	case st.podsUnknown != nil:
		return st.podsUnknown.Unknown(kind)
	}
	for _, p := range st.pods {
		switch said := problem(p.Report); {
		case said == "":
		case store.managed:
			return conditions.False(kind, v1alpha1.ReasonUnreachable, "Pod %s cannot use the managed %s: %s", p.Name, product, said)
		default:
			return conditions.False(kind, v1alpha1.ReasonUnreachable,
				"Pod %s cannot use the %s that %s.urlSecretRef names: %s; correct the Secret, or let it answer, and pods go on by themselves",
				p.Name, product, field, said)
		}
	}
	if store.managed {
		return conditions.True(kind, v1alpha1.ReasonReady, "The managed %s answers", product)
	}
	return conditions.True(kind, v1alpha1.ReasonExternal, "The URL of a %s of yours is there, and no pod complains of it", product)
}

func secretsFound(st state) metav1.Condition {
	const kind = v1alpha1.SecretsFoundCondition
	all := st.pullSecrets.failures
	if st.delivery.failure != nil {
		all = append([]*conditions.Failure{st.delivery.failure}, all...)
	}
	if st.registration.failure != nil {
		all = append(all, st.registration.failure)
	}
	failure := conditions.Join(all)
	switch {
	case failure != nil:
		return failure.False(kind)
	case st.registration.named:
		return conditions.True(kind, v1alpha1.ReasonFound, "Every Secret that email, sms and clients.registration name is there%s", st.pullSecrets.advice)
	case st.delivery.named == 0:
		return conditions.True(kind, v1alpha1.ReasonFound, "Neither email nor sms names a Secret%s", st.pullSecrets.advice)
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "Every Secret that email and sms name is there%s", st.pullSecrets.advice)
}

func claimsReady(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	return attached.ClaimsReady(realm.Spec.Claims, realm.Spec.Examples, st.claims)
}

func brandingAccepted(st state) metav1.Condition {
	const kind = v1alpha1.BrandingAcceptedCondition
	if st.branding != nil {
		return st.branding.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonAccepted, "Pages look and speak as ui says")
}

func configPropagated(realm *v1alpha1.AuthRealm, st state) metav1.Condition {
	const kind = v1alpha1.ConfigPropagatedCondition
	lagging := func(why string) metav1.Condition {
		if st.refreshFailure != nil {
			why += "; it looks by itself within minutes, since it could not be told to: " + st.refreshFailure.Message
		}
		return conditions.False(kind, v1alpha1.ReasonPropagating, "%d of %d pods run the newest settings, keys, credentials and certificate; %s",
			currentPods(st), st.podCount(), why)
	}
	switch {
	case st.podsUnknown != nil:
		return st.podsUnknown.Unknown(kind)
	case st.desiredReplicas(realm) == 0 && len(st.pods) == 0:
		return conditions.True(kind, v1alpha1.ReasonScaledToZero, "No pods run")
	case len(st.pods) == 0:
		return conditions.False(kind, v1alpha1.ReasonPropagating, "No pods run yet")
	}
	for _, p := range st.pods {
		if p.Answered && p.Report.Problem != "" {
			return conditions.False(kind, v1alpha1.ReasonRefused, "Pod %s goes on with earlier settings: %s", p.Name, p.Report.Problem)
		}
	}
	for _, p := range st.pods {
		if !st.want.isRunBy(p) {
			return lagging("pod " + p.Name + " " + lagOf(st.want, p))
		}
	}
	if st.podsNotAsked() > 0 {
		return lagging("the others have just begun")
	}
	if st.settings.failure != nil {
		return conditions.False(kind, v1alpha1.ReasonInvalidSettings, "%d of %d pods run revision %s, the last settings that were good; ResourcesApplied says what is wrong with the newest",
			len(st.pods), len(st.pods), st.want.config)
	}
	return conditions.True(kind, v1alpha1.ReasonPropagated, "%d of %d pods run revision %s", len(st.pods), len(st.pods), st.want.config)
}

// lagOf says in what a pod lags.
func lagOf(want target, p podstatus.Pod) string {
	switch {
	case !p.Answered && p.Waiting != "":
		return "does not run (" + p.Waiting + ")"
	case !p.Answered:
		return "does not answer yet"
	case p.Report.Contract != realmconfig.Version:
		return fmt.Sprintf("speaks version %d of the contract", p.Report.Contract)
	case want.config != "" && p.Report.ConfigRevision != want.config:
		return "still runs revision " + p.Report.ConfigRevision
	case want.keysetFor(p) != "" && p.Report.KeysetRevision != want.keysetFor(p):
		return "still has the earlier keys"
	case want.certificate != "" && p.Report.CertificateSHA256 != want.certificate:
		return "still serves the earlier certificate"
	}
	return "still uses earlier credentials"
}

// blocked is for what could not be looked at because something was not applied.
func blocked(kind string) metav1.Condition {
	return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not looked at, because of what %s says", v1alpha1.ResourcesAppliedCondition)
}
