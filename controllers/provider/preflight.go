// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// finding is what a provider answered to a question, and when.
type finding struct {
	subject string
	answer  preflight.Answer
	at      time.Time
}

// preflight adds to the view what the provider answers. It is asked when what it
// is asked about has changed and at its visits, and not in between; when an
// operator starts, what stands in the status makes do until the next visit, so
// that a restart asks nobody.
func (r *reconciler) preflight(ctx context.Context, provider *v1alpha1.OAuthProvider, secret attached.ClientSecret, v *providerView) error {
	now, name := r.now(), client.ObjectKeyFromObject(provider)
	callback := render.CallbackURL(v.realm, provider.Name, v.callback)
	revision, err := render.ProviderRevision(provider, render.Callback{})
	if err != nil {
		return fmt.Errorf("render provider: %w", err)
	}
	v.subject = subjectOf(revision, callback, secret.Version)
	last, found := r.recall(name)
	if !found && provider.Status.Preflight == v.subject {
		last = finding{v.subject, answerOf(provider.Status), now}
		r.remember(name, last)
	}
	due, _ := visits(provider.UID, troubledSince(provider.Status.Conditions), now)
	if last.subject != v.subject || last.at.Before(due) {
		answer, err := r.ask(ctx, preflight.Question{
			Provider: render.ProviderSettings(provider, v.callback), Secret: realmconfig.Credential(secret.Value), CallbackURL: callback,
		})
		if err != nil {
			v.unasked = conditions.NewFailure(v1alpha1.ReasonFailed, "%s", conditions.StableMessage(fmt.Errorf("ask provider: %w", err)))
			return ctx.Err()
		}
		last = finding{v.subject, answer, now}
		r.remember(name, last)
	}
	v.answer = &last.answer
	return nil
}

// questions counts how often what a provider is asked has changed from one release to
// the next. An answer to earlier questions does not make do: it lacks what they did
// not ask, such as whether answers name their issuer.
const questions = "2"

// subjectOf names what an answer is about: the questions, and all that is asked with.
func subjectOf(revision, callback, secretVersion string) string {
	return realmconfig.Revision([]byte(questions + "\n" + revision + "\n" + callback + "\n" + secretVersion))
}

func (r *reconciler) recall(name types.NamespacedName) (finding, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, found := r.findings[name]
	return f, found
}

func (r *reconciler) remember(name types.NamespacedName, f finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings[name] = f
}

func (r *reconciler) forget(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.findings, name)
}

const (
	// visitInterval is how often a provider is asked though nothing has changed.
	visitInterval = time.Hour
	// firstRevisit is how soon, at the earliest, one in trouble is asked again.
	// Each further time takes twice as long, until the interval is reached.
	firstRevisit = 30 * time.Second
)

// visits are the times around now at which a provider is due: the last one, at
// or before now, and the next. They follow from the provider's UID, which spreads
// them over all providers, and from when its trouble began, zero for none.
func visits(uid types.UID, trouble, now time.Time) (last, next time.Time) {
	phase := requeue.Stagger(uid, visitInterval)
	last = now.Add(-phase).Truncate(visitInterval).Add(phase)
	next = last.Add(visitInterval)
	if trouble.IsZero() {
		return last, next
	}
	for wait := firstRevisit + requeue.Stagger(uid, firstRevisit); wait < visitInterval; wait *= 2 {
		at := trouble.Add(wait)
		if at.After(now) {
			if at.Before(next) {
				next = at
			}
			break
		}
		if at.After(last) {
			last = at
		}
	}
	return last, next
}

// troubledSince is when a provider's answers ceased to be good, zero when they are.
func troubledSince(conditions []metav1.Condition) time.Time {
	for _, kind := range []string{v1alpha1.DiscoveredCondition, v1alpha1.CredentialsAcceptedCondition} {
		if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status != metav1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// answerOf is the answer that a status tells of.
func answerOf(status v1alpha1.OAuthProviderStatus) preflight.Answer {
	finding := func(kind string) preflight.Finding {
		c := meta.FindStatusCondition(status.Conditions, kind)
		if c == nil {
			return preflight.Finding{Status: metav1.ConditionUnknown}
		}
		return preflight.Finding{Status: c.Status, Reason: c.Reason, Message: c.Message}
	}
	return preflight.Answer{
		Discovered: finding(v1alpha1.DiscoveredCondition), CredentialsAccepted: finding(v1alpha1.CredentialsAcceptedCondition),
		NamedIssuer: status.NamedIssuer,
	}
}
