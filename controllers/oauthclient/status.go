// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// state is everything that one pass has learned about a client.
type state struct {
	now time.Time

	// named is the realm that the client asks for, which is nil when there is none, and
	// when realmUnknown says why nobody knows. Elsewhere is another namespace that has a
	// realm of the name.
	named        types.NamespacedName
	realm        *v1alpha1.AuthRealm
	realmUnknown *conditions.Failure
	elsewhere    string

	// refusal is why the realm does not take the client.
	refusal *conditions.Failure

	// claims is why the client's claims stay as they were.
	claims *conditions.Failure

	secret secretState

	// seen is what pods have said.
	seen view
}

// known reports whether every pod has run the settings and secrets of a revision: pods have
// said so to this operator, or to the one before, whose word stands in the status.
func known(c *v1alpha1.OAuthClient, st state, revision string) bool {
	if st.seen.uptake.Everywhere && st.seen.uptake.Revision == revision {
		return true
	}
	attached := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.AttachedCondition)
	return attached != nil && attached.Status == metav1.ConditionTrue && attached.ObservedGeneration == c.Generation && c.Status.Revision == revision
}

// statusOf is the client's status, a pure function of what was seen and of the status that
// stood before.
func statusOf(c *v1alpha1.OAuthClient, st state) (v1alpha1.OAuthClientStatus, error) {
	status := v1alpha1.OAuthClientStatus{
		ObservedGeneration: c.Generation,
		Conditions:         c.DeepCopy().Status.Conditions,
		ClientID:           render.ClientID(c),
		Type:               render.ClientType(c),
		LastUsedAt:         laterDay(c.Status.LastUsedAt, st.seen.usedOn),
	}
	if render.ShowsSecret(c) {
		status.SecretName, status.Source = st.secret.name, st.secret.source
		status.Secrets = st.secret.status(c.Status.Secrets, st.seen.olderUsedOn)
		status.NextRotation = timeOrNone(st.secret.secrets.RotatesAt(st.secret.policy, st.now))
	} else if st.secret.failure != nil { // it is not gone yet
		status.SecretName = c.Status.SecretName
	}
	after := c.DeepCopy()
	after.Status.Secrets = status.Secrets
	revision, err := render.ClientRevision(after)
	if err != nil {
		return status, fmt.Errorf("name the client's settings: %w", err)
	}
	status.Revision = revision

	needed := []metav1.Condition{realmFound(c, st), admitted(st)}
	all := append(slices.Clone(needed), claimsReady(c, st), secretWritten(c, st, status, needed), attachedTo(c, st, needed, revision))
	ready := conditions.Summarize("Its Secret is written, and every pod of the realm knows it", all)
	if !render.ShowsSecret(c) {
		ready = conditions.Summarize("Every pod of the realm knows it", all)
	}
	conditions.Set(&status.Conditions, c.Generation, slices.Insert(all, 0, ready)...)
	return status, nil
}

func realmFound(c *v1alpha1.OAuthClient, st state) metav1.Condition {
	if c.Namespace == st.named.Namespace && st.elsewhere == "" || st.realmUnknown != nil || st.realm != nil {
		return attached.RealmFound(st.named.Name, st.realm, st.realmUnknown, "")
	}
	const kind = v1alpha1.RealmFoundCondition
	if st.elsewhere != "" {
		return conditions.False(kind, v1alpha1.ReasonRealmNotFound,
			"realmRef: there is no AuthRealm %q in namespace %q; there is one in namespace %q: have realmRef.namespace name that, if it is meant",
			st.named.Name, st.named.Namespace, st.elsewhere)
	}
	return conditions.False(kind, v1alpha1.ReasonRealmNotFound, "realmRef: there is no AuthRealm %q in namespace %q; create it, or correct realmRef",
		st.named.Name, st.named.Namespace)
}

func admitted(st state) metav1.Condition {
	const kind = v1alpha1.AdmittedCondition
	switch {
	case st.realm == nil:
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not asked, because of what %s says", v1alpha1.RealmFoundCondition)
	case st.refusal != nil && st.refusal.Reason == v1alpha1.ReasonFailed:
		return st.refusal.Unknown(kind)
	case st.refusal != nil:
		return st.refusal.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonAdmitted, "AuthRealm %q takes the client", st.realm.Name)
}

func claimsReady(c *v1alpha1.OAuthClient, st state) metav1.Condition {
	const kind = v1alpha1.ClaimsReadyCondition
	switch {
	case st.realm == nil:
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not looked at, because of what %s says", v1alpha1.RealmFoundCondition)
	case st.refusal != nil:
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "Not looked at, because of what %s says", v1alpha1.AdmittedCondition)
	}
	return attached.ClaimsReady(c.Spec.Claims, c.Spec.Examples, st.claims)
}

func secretWritten(c *v1alpha1.OAuthClient, st state, status v1alpha1.OAuthClientStatus, needed []metav1.Condition) metav1.Condition {
	const kind = v1alpha1.SecretWrittenCondition
	s, name := st.secret, render.ClientSecretName(c)
	switch {
	case s.failure != nil && s.failure.Reason == v1alpha1.ReasonFailed:
		return s.failure.Unknown(kind)
	case s.failure != nil:
		return s.failure.False(kind)
	case !render.ShowsSecret(c):
		return conditions.True(kind, v1alpha1.ReasonNotNeeded, "The client shows no secret")
	}
	if i := slices.IndexFunc(needed, func(c metav1.Condition) bool { return c.Status != metav1.ConditionTrue }); i >= 0 {
		return conditions.Unknown(kind, v1alpha1.ReasonBlocked, "The Secret stays as it is, if there is one, because of what %s says", needed[i].Type)
	}
	switch {
	case s.missing:
		return conditions.False(kind, v1alpha1.ReasonPropagating, "Secret %q is written once every pod of AuthRealm %q knows the new secret", name, st.realm.Name)
	case s.secrets.Pending != nil:
		return conditions.True(kind, v1alpha1.ReasonRotating, "Secret %q is written again once every pod of AuthRealm %q knows the new secret", name, st.realm.Name)
	case s.secrets.Retiring != nil:
		older := status.Secrets[len(status.Secrets)-1]
		used := "and no pod has seen it used"
		if older.LastUsedAt != nil {
			used = "and was last used on " + older.LastUsedAt.UTC().Format(time.DateOnly)
		}
		return conditions.True(kind, v1alpha1.ReasonOverlapping, "Secret %q has a new secret; the one before is good until %s, %s",
			name, s.secrets.RetiresAt(s.policy).UTC().Format(time.RFC3339), used)
	}
	return conditions.True(kind, v1alpha1.ReasonWritten, "Secret %q has what the application needs", name)
}

// attachedTo compares what pods know of the client with what they are to know.
func attachedTo(c *v1alpha1.OAuthClient, st state, needed []metav1.Condition, revision string) metav1.Condition {
	const kind = v1alpha1.AttachedCondition
	uptake := st.seen.uptake
	if known(c, st, revision) {
		uptake = attached.Uptake{Revision: revision, Everywhere: true}
	}
	condition := attached.Attached(st.realm, st.realmUnknown, needed, uptake, revision)
	switch {
	case condition.Reason == v1alpha1.ReasonBlocked || condition.Status == metav1.ConditionUnknown:
		return condition
	case st.seen.reason != "":
		return conditions.False(kind, st.seen.reason, "%s", st.seen.message)
	case !st.seen.begins.IsZero():
		return conditions.False(kind, v1alpha1.ReasonPropagating,
			"Another client of this name has just ended, and whatever it has begun ends with it: pods are told of this one from %s on", st.seen.begins.Format(time.RFC3339))
	case st.seen.refused != "" && uptake.Revision == revision:
		return conditions.False(kind, v1alpha1.ReasonRefused, "A pod of AuthRealm %q does not take it as it is: %s", st.realm.Name, conditions.Truncate(st.seen.refused))
	case condition.Status == metav1.ConditionTrue && st.seen.key.waits:
		meanwhile := "none is signed until then"
		if with := st.seen.key.meanwhile; with != "" {
			meanwhile = "they are signed with " + string(with) + " until then"
		}
		return conditions.False(kind, v1alpha1.ReasonSigningKeyPending,
			"idTokenSigningAlg: AuthRealm %q signs ID tokens so once every verifier can know the key, of which its status.signingKeys tells; %s", st.realm.Name, meanwhile)
	case condition.Status == metav1.ConditionTrue:
		return conditions.True(kind, v1alpha1.ReasonAttached, "Every pod of AuthRealm %q knows it", st.realm.Name)
	case condition.Reason == v1alpha1.ReasonPropagating:
		return conditions.False(kind, v1alpha1.ReasonPropagating,
			"Not every pod of AuthRealm %q knows it as it is yet; if it lasts, the realm's own conditions say why", st.realm.Name)
	}
	return condition
}
