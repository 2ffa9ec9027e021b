// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// defaultOverlap is how long a secret is good after it was replaced where the spec does not
// say.
const defaultOverlap = 24 * time.Hour

// policyOf is what the spec says of the secret's life.
func policyOf(c *v1alpha1.OAuthClient) clientsecret.Policy {
	policy := clientsecret.Policy{Overlap: defaultOverlap}
	if c.Spec.Secret == nil {
		return policy
	}
	if r := c.Spec.Secret.Rotation; r != nil && r.Interval != nil {
		// Clients that were made together shall not rotate together.
		policy.Interval = r.Interval.Duration + requeue.Stagger(c.UID, r.Interval.Duration/100)
	}
	if r := c.Spec.Secret.Rotation; r != nil && r.Overlap != nil {
		policy.Overlap = r.Overlap.Duration
	}
	if after := c.Spec.Secret.RotateAfter; after != nil {
		policy.RotateAfter = after.Time
	}
	return policy
}

// remembered is what the status says of the client's secrets.
func remembered(c *v1alpha1.OAuthClient) secretState {
	s := secretState{name: c.Status.SecretName, source: c.Status.Source, policy: policyOf(c)}
	for _, known := range c.Status.Secrets {
		secret := &clientsecret.Secret{MadeAt: known.MadeAt.UTC()}
		if secret.Digest.UnmarshalText([]byte(known.SHA256)) != nil {
			continue
		}
		if known.WrittenAt != nil {
			secret.WrittenAt = known.WrittenAt.UTC()
		}
		switch known.State {
		case v1alpha1.PendingSecret:
			s.secrets.Pending = secret
		case v1alpha1.ActiveSecret:
			s.secrets.Active = secret
		case v1alpha1.RetiringSecret:
			s.secrets.Retiring = secret
		}
	}
	return s
}

// secretStatus is what the status is to say of the secrets, the newest first. The older of
// two was last used on a day, as far as is known now.
func (s secretState) status(before []v1alpha1.ClientSecretStatus, usedOn string) []v1alpha1.ClientSecretStatus {
	var all []v1alpha1.ClientSecretStatus
	add := func(secret *clientsecret.Secret, state v1alpha1.ClientSecretState) {
		if secret == nil {
			return
		}
		digest, _ := secret.Digest.MarshalText() // which never fails
		status := v1alpha1.ClientSecretStatus{ID: secret.ID(), SHA256: string(digest), State: state, MadeAt: metav1.NewTime(secret.MadeAt)}
		status.WrittenAt = timeOrNone(secret.WrittenAt)
		if state == v1alpha1.RetiringSecret {
			status.GoodUntil = timeOrNone(s.secrets.RetiresAt(s.policy))
			status.LastUsedAt = laterDay(lastUse(before, status.ID), usedOn)
		}
		all = append(all, status)
	}
	add(s.secrets.Pending, v1alpha1.PendingSecret)
	add(s.secrets.Active, v1alpha1.ActiveSecret)
	add(s.secrets.Retiring, v1alpha1.RetiringSecret)
	return all
}

func lastUse(secrets []v1alpha1.ClientSecretStatus, id string) *metav1.Time {
	for _, known := range secrets {
		if known.ID == id {
			return known.LastUsedAt
		}
	}
	return nil
}

// laterDay is a day, or one that is known from before if that is later.
func laterDay(before *metav1.Time, day string) *metav1.Time {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil || before != nil && !at.After(before.Time) {
		return before
	}
	return timeOrNone(at)
}

func timeOrNone(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	at := metav1.NewTime(t)
	return &at
}
