// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Events about a client's Secret.
const (
	eventSecretWritten = "SecretWritten"
	actionWrite        = "Write"
)

// secretState is what is known of a client's Secret.
type secretState struct {
	secrets clientsecret.Secrets
	policy  clientsecret.Policy
	next    time.Time

	// name is that of the Secret with the active secret, "" while there is none; source
	// names the version of it that was read or written.
	name, source string

	// missing is set while the Secret holds no secret of the client's.
	missing bool

	// failure is why the Secret is not as it should be.
	failure *conditions.Failure
}

// take notes what was decided.
func (s *secretState) take(out clientsecret.Outcome) { s.secrets, s.next = out.Secrets, out.Next }

// keepSecret moves the client's secret on, and has the Secret hold what it should.
func (k *keeper) keepSecret(ctx context.Context, c *v1alpha1.OAuthClient, st state) (secretState, error) {
	s := remembered(c)
	name := render.ClientSecretName(c)
	known := kinds.Metadata(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := client.IgnoreNotFound(k.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: name}, known))
	if err != nil {
		return s, fmt.Errorf("get metadata of Secret %s: %w", name, err)
	}
	v := &vault{keeper: k, c: c, realm: st.realm, name: name}
	if s.secrets.Active != nil && s.source != "" && s.source == v.sourceOf(known) { // it is as it was left
		v.stored, v.unread = s.secrets.Active.Digest, true
	} else if failure, err := conditions.Classify(v.read(ctx, s)); failure != nil || err != nil {
		s.failure = failure
		s.take(s.secrets.Rest(s.policy, st.now))
		return s, err
	}
	plan, err := k.plan(c, &s, v.stored, st)
	if err != nil {
		return s, err
	}
	s.failure, err = conditions.Classify(v.write(ctx, &s, plan))
	if err != nil {
		return s, err
	}
	s.missing = s.secrets.Active == nil || v.stored != s.secrets.Active.Digest
	if s.failure == nil && !v.unread {
		s.source = v.source
	}
	if v.source != "" {
		s.name = name
	}
	return s, nil
}

// plan decides what becomes of the secrets.
func (k *keeper) plan(c *v1alpha1.OAuthClient, s *secretState, stored realmconfig.SecretDigest, st state) (clientsecret.Outcome, error) {
	name := client.ObjectKeyFromObject(c)
	revision, err := render.ClientRevision(c)
	if err != nil {
		return clientsecret.Outcome{}, err
	}
	out, err := clientsecret.Plan(s.secrets, clientsecret.Seen{
		Stored: stored, Known: revision != "" && known(c, st, revision),
		Holds: func(pending clientsecret.Secret) bool {
			return realmconfig.DigestSecret(k.held.of(name)) == pending.Digest
		},
	}, s.policy, st.now, func() (realmconfig.SecretDigest, error) {
		value, err := newSecret(k.random)
		k.held.keep(name, value)
		return realmconfig.DigestSecret(value), err
	})
	if err != nil {
		return out, fmt.Errorf("make a client secret: %w", err)
	}
	s.take(out)
	return out, nil
}

// newSecret is 256 random bits in base64url, in which no form-decoding finds anything to
// decode (RFC 6749, section 2.3.1).
func newSecret(random io.Reader) (string, error) {
	bits := make([]byte, secretSize)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(bits), nil
}

const secretSize = 32 // in bytes

// digestOf is the digest of what a Secret holds, zero for what no operator has made.
func digestOf(value []byte) realmconfig.SecretDigest {
	bits, err := base64.RawURLEncoding.DecodeString(string(value))
	if err != nil || len(bits) != secretSize {
		return realmconfig.SecretDigest{}
	}
	return realmconfig.DigestSecret(string(value))
}
