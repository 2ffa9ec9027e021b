// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// preflight adds to the state what the provider answers. It is asked when what it is
// asked about has changed and when it is due, and not in between; when an operator
// starts, what stands in the status makes do until it is due again, so that a restart
// asks nobody.
func (o *observer) preflight(ctx context.Context, provider *v1alpha1.OAuthProvider, secret attached.ClientSecret, st *state) (err error) {
	if st.subject, err = subject(provider, *st, secret.Version); err != nil {
		return err
	}
	last, stands := o.standing(provider, st.subject, st.now)
	if !stands {
		answer, err := o.ask(ctx, preflight.Question{
			Provider: render.ProviderSettings(provider, st.callback), Secret: realmconfig.Credential(secret.Value),
			CallbackURL: render.CallbackURL(st.realm, provider.Name, st.callback), Private: provider.Spec.AllowPrivateNetworks,
		})
		if err != nil {
			st.askFailure = conditions.NewFailure(v1alpha1.ReasonFailed, "%s", conditions.StableMessage(fmt.Errorf("ask provider: %w", err)))
			return ctx.Err()
		}
		last = recordedAnswer{st.subject, answer, st.now}
		o.answers.store(client.ObjectKeyFromObject(provider), last)
	}
	st.answer = &last.answer
	return nil
}

// standing is the answer about a subject that makes do at now, if there is one.
func (o *observer) standing(provider *v1alpha1.OAuthProvider, subject string, now time.Time) (recordedAnswer, bool) {
	name := client.ObjectKeyFromObject(provider)
	last, found := o.answers.find(name)
	if !found && provider.Status.Preflight == subject {
		last = recordedAnswer{subject, answerIn(provider.Status), now}
		o.answers.store(name, last)
	}
	due, _ := askTimes(provider.UID, failingSince(provider.Status.Conditions), now)
	return last, last.subject == subject && !last.at.Before(due)
}

// clientSecret reads the client secret, but for its value when nobody will ask for it: the
// provider has answered about that version of the Secret, and the status tells of this spec
// that it could be used.
func (o *observer) clientSecret(ctx context.Context, provider *v1alpha1.OAuthProvider, st state) (attached.ClientSecret, error) {
	version, err := attached.ProviderSecretVersion(ctx, o.cache, o.references, provider)
	if err != nil {
		return attached.ClientSecret{}, err
	}
	found := meta.FindStatusCondition(provider.Status.Conditions, v1alpha1.SecretFoundCondition)
	if version != "" && st.realm != nil && found != nil && found.Status == metav1.ConditionTrue && found.ObservedGeneration == provider.Generation {
		about, err := subject(provider, st, version)
		if _, stands := o.standing(provider, about, st.now); err == nil && stands && provider.Status.Preflight == about {
			return attached.ClientSecret{Version: version}, nil
		}
	}
	return attached.ProviderSecret(ctx, o.references, provider)
}

// subject names what a provider is asked about now, with a version of the Secret.
func subject(provider *v1alpha1.OAuthProvider, st state, secretVersion string) (string, error) {
	revision, err := render.ProviderRevision(provider, render.Callback{})
	if err != nil {
		return "", fmt.Errorf("render provider: %w", err)
	}
	return subjectOf(revision, render.CallbackURL(st.realm, provider.Name, st.callback), secretVersion), nil
}

// questionsVersion counts how often what a provider is asked has changed from one release to
// the next. An answer to earlier questions does not make do: it lacks what they did
// not ask, such as whether answers name their issuer.
const questionsVersion = "2"

// subjectOf names what an answer is about: the questions, and all that is asked with.
func subjectOf(revision, callback, secretVersion string) string {
	return realmconfig.Revision([]byte(questionsVersion + "\n" + revision + "\n" + callback + "\n" + secretVersion))
}

// answerIn is the answer that a status tells of.
func answerIn(status v1alpha1.OAuthProviderStatus) preflight.Answer {
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
