// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

const (
	// MaxClientKeys bounds what is read of a client's key set at its URL, in bytes.
	MaxClientKeys = 64 << 10
	// clientsKnown is of how many clients the key sets are remembered.
	clientsKnown = 1000
)

// ClientKeys verify what clients, and clusters for them, have signed, with the keys of
// their documents or with those at the URLs there. They implement client.Keys.
type ClientKeys struct {
	// settings say whether the URLs may point into private address ranges.
	settings        func() realmconfig.Config
	public, private *http.Client
	now             func() time.Time

	mu    sync.Mutex
	known map[clientKeysURL]*clientKeys
}

// clientKeysURL is where the keys of a client or cluster are. What two have at one address is
// asked for by each, so that neither pays for the other's guesses.
type clientKeysURL struct {
	owner, address string
	allowPrivate   bool
}

type clientKeys struct {
	*keys
	usedAt time.Time
}

// NewClientKeys asks with a client for addresses out of the settings that may be
// private ones or not; it must follow no redirects and keep to Timeout and
// MaxClientKeys.
func NewClientKeys(settings func() realmconfig.Config, client func(allowPrivate bool) *http.Client, now func() time.Time) *ClientKeys {
	return &ClientKeys{settings: settings, public: client(false), private: client(true), now: now, known: map[clientKeysURL]*clientKeys{}}
}

// Algorithms implements client.Keys.
func (k *ClientKeys) Algorithms() []string {
	names := []string{}
	for _, a := range signatureAlgorithms() {
		names = append(names, string(a))
	}
	return slices.Sorted(slices.Values(names))
}

// Verify implements client.Keys.
func (k *ClientKeys) Verify(ctx context.Context, of realmconfig.PublicKeys, jwt auth.Secret) ([]byte, error) {
	if of.JWKSURI == "" {
		return verifyInline(of.JWKS, string(jwt))
	}
	remote := k.at(clientKeysURL{of.Owner, of.JWKSURI, k.settings().Clients.AllowPrivateNetworks})
	if remote.set.missing() && remote.set.failedLately() { // anybody may ask, and each would wait
		return nil, fault("its keys could not be read a moment ago")
	}
	payload, err := remote.verify(ctx, string(jwt), signatureAlgorithms(), "assertion")
	if err != nil {
		return nil, reason(err)
	}
	return payload, nil
}

func verifyInline(document []byte, jwt string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(jwt, signatureAlgorithms())
	if err != nil {
		return nil, fault("its assertion is not valid")
	}
	set, err := discovery.Keys(document)
	if err != nil {
		return nil, fault("its key set is not valid")
	}
	if payload, ok := verifyWith(set, signed); ok {
		return payload, nil
	}
	return nil, fault("its assertion is not signed with a key of its document")
}

func (k *ClientKeys) at(url clientKeysURL) *clientKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, now := k.known[url], k.now()
	if found == nil {
		k.makeRoom(now)
		found = &clientKeys{keys: newKeys(&provider{client: k.clientFor(url.allowPrivate)}, url.address, k.now)}
		found.set.read = few(found.set.read)
		k.known[url] = found
	}
	found.usedAt = now
	return found
}

// few reads as many keys as a document could have: each may be tried for a request.
func few(read func(context.Context) ([]jose.JSONWebKey, error)) func(context.Context) ([]jose.JSONWebKey, error) {
	return func(ctx context.Context) ([]jose.JSONWebKey, error) {
		set, err := read(ctx)
		return set[:min(len(set), realmconfig.MaxJWKSKeys)], err
	}
}

func (k *ClientKeys) clientFor(allowPrivate bool) *http.Client {
	if allowPrivate {
		return k.private
	}
	return k.public
}

// makeRoom forgets what has not been used for as long as keys are believed, and
// somebody's at least.
func (k *ClientKeys) makeRoom(now time.Time) {
	if len(k.known) < clientsKnown {
		return
	}
	somebody := clientKeysURL{}
	for url, known := range k.known {
		somebody = url
		if now.Sub(known.usedAt) > keysStale {
			delete(k.known, url)
		}
	}
	delete(k.known, somebody)
}
