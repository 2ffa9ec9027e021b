// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

const (
	// A key that its provider has withdrawn is believed no longer than keysFresh,
	// or keysStale while the provider does not say.
	keysFresh = 15 * time.Minute
	keysStale = time.Hour
	// keysPause is how long an unknown key waits for the next look.
	keysPause = 10 * time.Second
)

// keys verify signatures with the keys that a provider publishes. They implement
// oidc.KeySet. A key that is not known makes them look again, but not more often
// than once a keysPause.
type keys struct {
	now func() time.Time
	set *cached[[]jose.JSONWebKey]
}

func newKeys(p *provider, address string, now func() time.Time) *keys {
	read := func(ctx context.Context) ([]jose.JSONWebKey, error) {
		document, err := p.get(ctx, address, "")
		if err != nil {
			return nil, err
		}
		set, err := discovery.Keys(document)
		if err != nil {
			return nil, fault(err.Error())
		}
		return set, nil
	}
	return &keys{now: now, set: &cached[[]jose.JSONWebKey]{read: read, now: now, fresh: keysFresh, stale: keysStale}}
}

// VerifySignature implements oidc.KeySet.
func (k *keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	return k.verify(ctx, token, signatureAlgorithms(), "ID token")
}

// verify returns what a JWT says that is signed with one of the algorithms. The error
// calls the JWT by what it is.
func (k *keys) verify(ctx context.Context, token string, algorithms []jose.SignatureAlgorithm, what string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, faultf("its %s is not valid", what)
	}
	set, readAt, err := k.set.get(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(set, signed); ok {
		return payload, nil
	}
	if k.now().Sub(readAt) < keysPause || k.set.failedLately() {
		return nil, faultf("its %s is not signed with a published key", what)
	}
	if set, _, err = k.set.refresh(ctx); err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(set, signed); ok {
		return payload, nil
	}
	return nil, faultf("its %s is not signed with a published key", what)
}

// verifyWith tries the keys that the token may mean. A key that says what it is
// for is used for nothing else.
func verifyWith(set []jose.JSONWebKey, signed *jose.JSONWebSignature) ([]byte, bool) {
	header := signed.Signatures[0].Header
	for _, key := range set {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// signatureAlgorithms need a private key: "none" and HMAC are not among them.
func signatureAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
	}
}

// allowed are those of a provider's list.
func allowed(list []string) []jose.SignatureAlgorithm {
	return slices.DeleteFunc(signatureAlgorithms(), func(a jose.SignatureAlgorithm) bool { return !slices.Contains(list, string(a)) })
}
