// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"
	"time"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// keysState is what is known of the signing keys.
type keysState struct {
	keyset   realmconfig.Keyset
	revision string
	failure  *conditions.Failure

	// earlierRevision is that of the key set as servers read it that know no families.
	earlierRevision string

	// reported is what rotation says of each key, next when it has something to do,
	// and awaitsPods is set while it waits for the word of a pod.
	reported   []rotation.Key
	next       time.Time
	awaitsPods bool
}

// rotate moves the realm's keys on. It comes before anything else is applied:
// the key set remembers for how long what earlier settings gave out holds, and
// has to do so before pods can follow later ones.
//
// A change that is refused is none: what was published before stays so.
func (r *reconciler) rotate(ctx context.Context, st *state, acks rotation.Acks) (err error) {
	if st.keys.failure != nil {
		return nil
	}
	st.keys.failure, err = st.classify(r.advanceKeys(ctx, st, acks))
	return err
}

func (r *reconciler) advanceKeys(ctx context.Context, st *state, acks rotation.Acks) error {
	realm := st.inputs.Realm
	out, err := rotation.Plan(st.keys.keyset, rotationPolicy(realm, st.settings.config.Tokens, st.idTokens), acks, st.now, mintFrom(r.random))
	if err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	data, err := keysetData(out.Keyset)
	if err != nil {
		return err
	}
	in := st.inputs
	if !bytes.Equal(in.Keyset, data[render.KeysetKey]) || !bytes.Equal(in.EarlierKeyset, data[render.EarlierKeysetKey]) {
		if err := r.writeKeyset(ctx, st, data); err != nil {
			return err
		}
	}
	st.keys.keyset, st.keys.reported, st.keys.next, st.keys.awaitsPods = out.Keyset, out.Keys, out.Next, out.AwaitsPods
	return nil
}

// keysetData is what the Secret holds of a key set: as servers read it, and as those of
// the release before do.
func keysetData(keyset realmconfig.Keyset) (map[string][]byte, error) {
	document, err := realmconfig.Encode(keyset)
	if err != nil {
		return nil, err
	}
	earlier, err := realmconfig.Encode(keyset.Earlier())
	if err != nil {
		return nil, err
	}
	return map[string][]byte{render.KeysetKey: document, render.EarlierKeysetKey: earlier}, nil
}

// writeKeyset replaces the key set that was read, and no other.
func (r *reconciler) writeKeyset(ctx context.Context, st *state, data map[string][]byte) error {
	in := st.inputs
	in.Keyset, in.EarlierKeyset = data[render.KeysetKey], data[render.EarlierKeysetKey]
	if err := r.applier.ApplySecret(ctx, in.Realm, st.versions, render.SigningKeys(in)); err != nil {
		return err
	}
	st.holdKeyset(data)
	return nil
}

// holdKeyset notes what the Secret holds.
func (s *scope) holdKeyset(data map[string][]byte) {
	s.inputs.Keyset, s.inputs.EarlierKeyset = data[render.KeysetKey], data[render.EarlierKeysetKey]
	s.keys.revision, s.keys.earlierRevision = revisionOf(s.inputs.Keyset), revisionOf(s.inputs.EarlierKeyset)
}

// revisionOf is the revision of a document, "" where there is none.
func revisionOf(document []byte) string {
	if len(document) == 0 {
		return ""
	}
	return realmconfig.Revision(document)
}

// rotationPolicy is what the realm and its clients want of its keys. The settings are
// those that its pods shall run.
func rotationPolicy(realm *v1alpha1.AuthRealm, settings realmconfig.Tokens, clients idTokens) rotation.Policy {
	interval := render.RotationInterval(realm)
	if interval > 0 {
		// Realms that were made together shall not rotate together.
		interval += requeue.Stagger(realm.UID, interval/100)
	}
	p := rotation.Policy{
		Algorithm:     realmconfig.Algorithm(render.Algorithm(realm)),
		Others:        idTokenAlgorithms(clients),
		Interval:      interval,
		JWKSMaxAge:    time.Duration(settings.JWKSMaxAge),
		TokenLifetime: max(time.Duration(settings.AccessTokenLifetime), clients.lifetime),
	}
	if keys := realm.Spec.SigningKeys; keys != nil {
		p.Revoked = keys.Revoked
		if keys.RotateAfter != nil {
			p.RotateAfter = keys.RotateAfter.Time
		}
	}
	return p
}

// acksOf translates what pods said of their keys. Those that no node runs yet
// will be given the newest ones.
func acksOf(want string, pods ...podstatus.Pod) rotation.Acks {
	acks := rotation.Acks{Asked: true}
	for _, p := range pods {
		pod := rotation.Pod{Name: p.Name, State: rotation.Starting}
		switch {
		case p.Answered:
			pod = rotation.Pod{
				Name: p.Name, State: rotation.Answering, Clock: p.Report.Time,
				KeyIDs: p.Report.KeyIDs, SigningKeyID: p.Report.SigningKeyID, StoppedKeyIDs: p.Report.StoppedKeyIDs,
				Settled:      p.Report.ConfigRevision == want,
				LongestToken: time.Duration(p.Report.LongestToken), Algorithms: p.Report.ClientAlgorithms,
			}
		case p.Running:
			pod.State = rotation.Silent
		case !p.Scheduled:
			continue
		}
		acks.Pods = append(acks.Pods, pod)
	}
	return acks
}

// rsaBits is what RFC 7518, section 3.3, wants at least; more only slows logins.
const rsaBits = 2048

func mintFrom(random io.Reader) rotation.Mint {
	return func(algorithm realmconfig.Algorithm, now time.Time) (realmconfig.Key, error) {
		private, err := newSigningKey(algorithm, random)
		if err != nil {
			return realmconfig.Key{}, fmt.Errorf("generate signing key: %w", err)
		}
		key, err := realmconfig.NewKey(private, now)
		if err != nil {
			return realmconfig.Key{}, fmt.Errorf("generate signing key: %w", err)
		}
		return key, nil
	}
}

func newSigningKey(algorithm realmconfig.Algorithm, random io.Reader) (crypto.Signer, error) {
	switch algorithm {
	case realmconfig.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case realmconfig.RS256:
		return rsa.GenerateKey(random, rsaBits)
	case realmconfig.EdDSA:
		_, private, err := ed25519.GenerateKey(random)
		return private, err
	default:
		return nil, fmt.Errorf("unknown algorithm %q", algorithm)
	}
}
