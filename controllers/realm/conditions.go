// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// conditionsOf are all conditions but the summary, in the order in which they
// come true.
func conditionsOf(realm *v1alpha1.AuthRealm, v view) []metav1.Condition {
	return []metav1.Condition{
		resourcesApplied(realm, v), issuerUnique(v), signingKeysReady(v), certificateReady(v),
		databaseReady(v), cacheReady(v), secretsFound(v), brandingAccepted(v), available(realm, v), configPropagated(realm, v),
		exposed(realm, v), monitored(realm, v),
	}
}

func resourcesApplied(realm *v1alpha1.AuthRealm, v view) metav1.Condition {
	const kind = v1alpha1.ResourcesAppliedCondition
	all := slices.Concat(v.own, v.applied.failures)
	if v.settings.failure != nil {
		all = append(all, v.settings.failure)
	}
	if o := conditions.Join(all); o != nil {
		return o.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonApplied, "Every object of the realm is as it should be%s", unsaid(realm.Spec.Registration))
}

// unsaid asks for what a realm that is Open since before it had to say so leaves
// to a default.
func unsaid(r *v1alpha1.Registration) string {
	if r == nil || r.Mode != v1alpha1.OpenRegistration || r.EmailVerification != "" {
		return ""
	}
	return ". registration.mode is Open without emailVerification, which is taken for Optional: anybody signs in with an address that may be somebody else's. Set it to Optional if that is meant, or to Required"
}

func issuerUnique(v view) metav1.Condition {
	const kind = v1alpha1.IssuerUniqueCondition
	switch {
	case v.unlisted != nil:
		return v.unlisted.Unknown(kind)
	case v.duplicate != nil:
		return v.duplicate.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonUnique, "No older realm has the same issuer")
}

func signingKeysReady(v view) metav1.Condition {
	const kind = v1alpha1.SigningKeysReadyCondition
	if v.keys.failure != nil {
		return v.keys.failure.False(kind)
	}
	if len(v.keys.told) == 0 || v.keys.told[0].State != rotation.Active {
		return conditions.False(kind, v1alpha1.ReasonInvalidSecret, "No key of the key set may sign now")
	}
	said := []string{}
	for _, k := range v.keys.told {
		if what := sayOf(k); what != "" {
			said = append(said, what)
		}
	}
	return conditions.True(kind, v1alpha1.ReasonSigning, "%s", strings.Join(said, "; "))
}

// sayOf tells of a key what is worth telling in one line.
func sayOf(k rotation.Key) string {
	what, waits := "", ""
	if k.WaitsFor != "" {
		waits = ", and waits for " + k.WaitsFor
	}
	switch {
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

func certificateReady(v view) metav1.Condition {
	const kind = v1alpha1.CertificateReadyCondition
	end := v.certificate.notAfter.UTC().Format(time.DateOnly)
	order := v.applied.custom[render.CertificateKind()]
	switch problem := unready(order); {
	case problem != "":
		return conditions.False(kind, v1alpha1.ReasonIssuing, "cert-manager: %s", problem)
	case v.certificate.failure != nil:
		return v.certificate.failure.False(kind)
	case v.certificate.issued:
		return conditions.True(kind, v1alpha1.ReasonIssued, "The realm's own authority issued a certificate until %s", end)
	}
	return conditions.True(kind, v1alpha1.ReasonProvided, "The certificate is valid until %s", end)
}

func databaseReady(v view) metav1.Condition {
	const kind = v1alpha1.DatabaseReadyCondition
	ready := v.applied.database != nil && v.applied.database.Status != nil &&
		number(v.applied.database.Status.ReadyReplicas) > 0
	return storeReady(kind, "PostgreSQL", "database", v.database, v, ready, "",
		func(r realmconfig.Report) string { return r.DatabaseProblem })
}

func cacheReady(v view) metav1.Condition {
	const kind = v1alpha1.CacheReadyCondition
	ready := v.applied.cache != nil && v.applied.cache.Status != nil &&
		number(v.applied.cache.Status.ReadyReplicas) > 0
	return storeReady(kind, "Redis", "cache", v.cache, v, ready, unmade(v.applied.cache),
		func(r realmconfig.Report) string { return r.CacheProblem })
}

func storeReady(
	kind, product, field string, store storeView, v view, ready bool, why string, problem func(realmconfig.Report) string,
) metav1.Condition {
	switch {
	case store.failure != nil:
		return store.failure.False(kind)
	case store.managed && !ready:
		return conditions.False(kind, v1alpha1.ReasonStarting, "The managed %s does not answer yet%s", product, why)
	case v.unobserved != nil:
		return v.unobserved.Unknown(kind)
	}
	for _, p := range v.pods {
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

func secretsFound(v view) metav1.Condition {
	const kind = v1alpha1.SecretsFoundCondition
	switch {
	case v.delivery.failure != nil:
		return v.delivery.failure.False(kind)
	case v.delivery.named == 0:
		return conditions.True(kind, v1alpha1.ReasonFound, "Neither email nor sms names a Secret")
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "Every Secret that email and sms name is there")
}

func brandingAccepted(v view) metav1.Condition {
	const kind = v1alpha1.BrandingAcceptedCondition
	if v.branding != nil {
		return v.branding.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonAccepted, "Pages look and speak as ui says")
}

func available(realm *v1alpha1.AuthRealm, v view) metav1.Condition {
	const kind = v1alpha1.AvailableCondition
	want := v.wanted(realm)
	switch {
	case v.applied.unread != nil:
		return v.applied.unread.Unknown(kind)
	case v.applied.server == nil:
		return conditions.False(kind, v1alpha1.ReasonBlocked, "No pod is started before what it needs is there")
	case want == 0:
		return conditions.False(kind, v1alpha1.ReasonScaledToZero, "The spec asks for no pods")
	}
	d := v.applied.server
	if d.Status == nil || number(d.Status.ObservedGeneration) < number(d.Generation) {
		return conditions.False(kind, v1alpha1.ReasonRolling, "The Deployment's newest generation has not been taken up yet")
	}
	updated, ready, all := number(d.Status.UpdatedReplicas), number(d.Status.AvailableReplicas), number(d.Status.Replicas)
	switch {
	case updated < want:
		return conditions.False(kind, v1alpha1.ReasonRolling, "%d of %d pods are of the newest generation%s", updated, want, unmade(d))
	case all > updated:
		return conditions.False(kind, v1alpha1.ReasonRolling, "%d pods of an earlier generation are on their way out", all-updated)
	case ready < want:
		return conditions.False(kind, v1alpha1.ReasonRolling, "%d of %d pods are available%s%s", ready, want, stuck(v.pods), unmade(d))
	}
	return conditions.True(kind, v1alpha1.ReasonAvailable, "%d of %d pods are available", ready, want)
}

// stuck names a pod whose containers cannot run.
func stuck(pods []podstatus.Pod) string {
	for _, p := range pods {
		if p.Waiting != "" {
			return fmt.Sprintf("; pod %s: %s", p.Name, p.Waiting)
		}
	}
	return ""
}

// unmade says why no further pod of a Deployment can be made, in the words of
// whoever refuses it: a quota, or Pod Security. Each try is for another pod, whose
// name is left out.
func unmade(d *appsv1ac.DeploymentApplyConfiguration) string {
	if d == nil || d.Status == nil || d.Name == nil {
		return ""
	}
	for _, c := range d.Status.Conditions {
		if c.Type == nil || *c.Type != appsv1.DeploymentReplicaFailure || c.Status == nil || *c.Status != corev1.ConditionTrue || c.Message == nil {
			continue
		}
		said := conditions.StableMessage(errors.New(*c.Message))
		if before, rest, found := strings.Cut(said, `"`+*d.Name+"-"); found {
			if _, after, closed := strings.Cut(rest, `"`); closed {
				said = before + conditions.Ellipsis + after
			}
		}
		return "; no pod can be made: " + said
	}
	return ""
}

func configPropagated(realm *v1alpha1.AuthRealm, v view) metav1.Condition {
	const kind = v1alpha1.ConfigPropagatedCondition
	lagging := func(why string) metav1.Condition {
		if v.unheard != nil {
			why += "; it looks by itself within minutes, since it could not be told to: " + v.unheard.Message
		}
		return conditions.False(kind, v1alpha1.ReasonPropagating, "%d of %d pods run the newest settings, keys, credentials and certificate; %s",
			current(v), v.counted(), why)
	}
	switch {
	case v.unobserved != nil:
		return v.unobserved.Unknown(kind)
	case v.wanted(realm) == 0 && len(v.pods) == 0:
		return conditions.True(kind, v1alpha1.ReasonScaledToZero, "No pods run")
	case len(v.pods) == 0:
		return conditions.False(kind, v1alpha1.ReasonPropagating, "No pods run yet")
	}
	for _, p := range v.pods {
		if p.Answered && p.Report.Problem != "" {
			return conditions.False(kind, v1alpha1.ReasonRefused, "Pod %s goes on with earlier settings: %s", p.Name, p.Report.Problem)
		}
	}
	for _, p := range v.pods {
		if !v.want.reached(p) {
			return lagging("pod " + p.Name + " " + behind(v.want, p))
		}
	}
	if v.unseen() > 0 {
		return lagging("the others have just begun")
	}
	if v.settings.failure != nil {
		return conditions.False(kind, v1alpha1.ReasonInvalidSettings, "%d of %d pods run revision %s, the last settings that were good; ResourcesApplied says what is wrong with the newest",
			len(v.pods), len(v.pods), v.want.config)
	}
	return conditions.True(kind, v1alpha1.ReasonPropagated, "%d of %d pods run revision %s", len(v.pods), len(v.pods), v.want.config)
}

// behind says in what a pod lags.
func behind(want target, p podstatus.Pod) string {
	switch {
	case !p.Answered && p.Waiting != "":
		return "does not run (" + p.Waiting + ")"
	case !p.Answered:
		return "does not answer yet"
	case p.Report.Contract != realmconfig.Version:
		return fmt.Sprintf("speaks version %d of the contract", p.Report.Contract)
	case want.config != "" && p.Report.ConfigRevision != want.config:
		return "still runs revision " + p.Report.ConfigRevision
	case want.keyset != "" && p.Report.KeysetRevision != want.keyset:
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
