// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// vault is the Secret of a client, for one pass.
type vault struct {
	*keeper
	c     *v1alpha1.OAuthClient
	realm *v1alpha1.AuthRealm
	name  string

	// existing is the Secret as it was read, nil when there is none; unread is set where
	// it is known without.
	existing *corev1.Secret
	unread   bool

	// value is the secret that it holds, or that the Secret of an earlier name does, and
	// stored its digest.
	value  []byte
	stored realmconfig.SecretDigest

	source string
}

// sourceOf names a version of the Secret, and what it was made of. It is "" for none.
func (v *vault) sourceOf(o metav1.Object) string {
	if o.GetUID() == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		o.GetName(), string(o.GetUID()), o.GetResourceVersion(), v.realm.Spec.Issuer, fmt.Sprint(v.c.Generation),
	}, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// read reads the Secret, and returns a conditions.Failure when it is not the client's.
func (v *vault) read(ctx context.Context, s secretState) error {
	existing, err := v.ofClient(ctx, v.name)
	if err != nil {
		return err
	}
	if v.existing = existing; existing == nil && s.name != "" && s.name != v.name {
		// It is called otherwise now: the secret stays what it was.
		if existing, err = v.ofClient(ctx, s.name); err != nil {
			return err
		}
	}
	if existing != nil {
		v.value = existing.Data[render.ClientSecretKey]
		v.stored = digestOf(v.value)
	}
	return nil
}

// ofClient is a Secret of the client's, nil when there is none. A conditions.Failure says
// that it is somebody else's.
func (v *vault) ofClient(ctx context.Context, name string) (*corev1.Secret, error) {
	existing, err := v.secrets.Get(ctx, v.c.Namespace, name)
	if apierrors.IsNotFound(err) {
		existing, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get Secret %s: %w", name, err)
	}
	if existing != nil && metav1.IsControlledBy(existing, v.c) {
		if existing.DeletionTimestamp != nil {
			return nil, conditions.NewFailure(v1alpha1.ReasonBeingDeleted, "Secret %q is being deleted; it is made again when it is gone", name)
		}
		return existing, nil
	}
	var o metav1.Object // no nil Secret in an interface
	if existing != nil {
		o = existing
	}
	own, err := v.own.Secret(ctx, v.c.Namespace, name, o)
	switch {
	case err != nil:
		return nil, err
	case own:
		return nil, conditions.NewFailure(v1alpha1.ReasonNameTaken, "secret.name: Secret %q is a realm's own, or called like one, and is not written to; name another", name)
	case existing != nil:
		return nil, conditions.NewFailure(v1alpha1.ReasonNameTaken, "secret.name: Secret %q is not this client's, and is not written to; name another, or delete it if nobody needs it", name)
	}
	return nil, nil
}

// write has the Secret hold what it should. A pending secret that pods know becomes the
// active one by that.
func (v *vault) write(ctx context.Context, s *secretState, plan clientsecret.Outcome) error {
	if plan.Write {
		v.value = []byte(v.held.of(client.ObjectKeyFromObject(v.c)))
	}
	digest := digestOf(v.value)
	if v.unread && !plan.Write {
		return nil
	}
	if digest == (realmconfig.SecretDigest{}) || !plan.Write && (s.secrets.Active == nil || digest != s.secrets.Active.Digest) {
		return nil // there is nothing to write yet
	}
	if v.unread {
		if err := v.reread(ctx); err != nil {
			return err
		}
	}
	version := ""
	if v.existing != nil {
		version = v.existing.ResourceVersion
	}
	o := render.ClientSecretObject(v.c, v.realm.Spec.Issuer, string(v.value))
	if err := apply.Over(ctx, v.Client, o, version); err != nil {
		if conditions.IsConflict(err) {
			return err
		}
		return v.secrets.Refusal(ctx, o, "written", err)
	}
	v.source = v.sourceOf(&metav1.ObjectMeta{Name: v.name, UID: *o.UID, ResourceVersion: *o.ResourceVersion})
	v.stored, v.unread = digest, false
	if s.name != "" && s.name != v.name {
		if err := v.remove(ctx, v.c, s.name); err != nil {
			return err
		}
	}
	if plan.Write {
		v.promoted(s)
	}
	return nil
}

// reread reads the Secret that is to be given another secret, which was known without.
func (v *vault) reread(ctx context.Context) error {
	existing, err := v.ofClient(ctx, v.name)
	v.existing = existing
	return err
}

// promoted notes that the Secret holds the secret that was pending, and says so once.
func (v *vault) promoted(s *secretState) {
	now := v.now().UTC().Truncate(time.Second)
	s.take(s.secrets.Written(s.policy, now))
	v.held.drop(client.ObjectKeyFromObject(v.c))
	if until := s.secrets.RetiresAt(s.policy); !until.IsZero() {
		v.events.Normal(v.c, eventSecretWritten, actionWrite, "Secret %q has a new secret; the one before is good until %s", v.name, until.Format(time.RFC3339))
	} else {
		v.events.Normal(v.c, eventSecretWritten, actionWrite, "Secret %q has a new secret", v.name)
	}
}

// discard deletes the Secret of a client that shows none any more.
func (k *keeper) discard(ctx context.Context, c *v1alpha1.OAuthClient) error {
	k.held.drop(client.ObjectKeyFromObject(c))
	if c.Status.SecretName == "" {
		return nil
	}
	return k.remove(ctx, c, c.Status.SecretName)
}

// remove deletes a Secret of the client's. What is somebody else's stays.
func (k *keeper) remove(ctx context.Context, c *v1alpha1.OAuthClient, name string) error {
	existing, err := k.secrets.Get(ctx, c.Namespace, name)
	if err != nil || !metav1.IsControlledBy(existing, c) {
		return client.IgnoreNotFound(err)
	}
	uid := existing.UID
	if err := client.IgnoreNotFound(k.Delete(ctx, existing, client.Preconditions{UID: &uid})); err != nil {
		return fmt.Errorf("delete Secret %s: %w", name, err)
	}
	return nil
}
