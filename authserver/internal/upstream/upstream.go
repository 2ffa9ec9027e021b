// SPDX-License-Identifier: Apache-2.0

// Package upstream is a client of other identity providers: OpenID Connect
// issuers, GitHub, and OAuth 2.0 servers with endpoints of their own.
//
// What a provider answers is somebody else's: it is bounded in time and size,
// never quoted in an error, and checked before it is believed.
package upstream

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// Timeout bounds one request to a provider, and MaxAnswer its answer in bytes.
	Timeout   = 5 * time.Second
	MaxAnswer = 512 << 10
	// patience bounds all requests of one sign-in together.
	patience = 10 * time.Second
)

// Options is what Providers stand on; every field is required.
type Options struct {
	// Snapshot is the settings in force; it must never return nil.
	Snapshot func() *realmconfig.Snapshot
	// Client makes a client for addresses out of the settings; it must follow no
	// redirects and keep to Timeout and MaxAnswer.
	Client func(allowPrivate bool) *http.Client
	Now    func() time.Time
}

// Providers are the realm's identity providers. They implement federation.Providers.
type Providers struct {
	Options
	mu    sync.Mutex
	known map[string]*provider
}

// New returns the providers of the settings in force at each call.
func New(o Options) *Providers { return &Providers{Options: o, known: map[string]*provider{}} }

// provider is one provider with the settings and the secret it was made for,
// and what it has been asked so far.
type provider struct {
	realmconfig.Provider
	secret  realmconfig.Credential
	client  *http.Client
	dialect dialect
	// inBody is set once the token endpoint has shown that it takes the secret
	// in the body alone.
	inBody atomic.Bool
}

// dialect is what differs between kinds of providers.
type dialect interface {
	// endpoints says where everything is.
	endpoints(ctx context.Context) (endpoints, error)
	// identify says whose token it is that answers a request.
	identify(ctx context.Context, e endpoints, token *oauth2.Token, r federation.AuthorizationRequest) (federation.Identity, error)
}

// endpoints of a provider, and how it wants to be asked.
type endpoints struct {
	authorization, token, userInfo string
	// issuer is who answers there; empty when that is not known.
	issuer string
	// namesItself is set when every answer says who gives it (RFC 9207).
	namesItself bool
	// secretInBody is set when the token endpoint is known not to take the
	// client's secret as a header.
	secretInBody bool
}

// provider finds a provider; it is made anew when its settings or its secret
// have changed.
func (p *Providers) provider(name string) (*provider, error) {
	snapshot := p.Snapshot()
	i := slices.IndexFunc(snapshot.Config.Providers, func(c realmconfig.Provider) bool { return c.Name == name })
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.known[name]
	if i < 0 {
		p.forget(name, old)
		return nil, &auth.Error{Code: auth.ProviderUnknown}
	}
	settings, secret := snapshot.Config.Providers[i], snapshot.Credentials.ProviderSecrets[name]
	if old != nil && old.secret == secret && reflect.DeepEqual(old.Provider, settings) {
		return old, nil
	}
	p.forget(name, old)
	made := &provider{Provider: settings, secret: secret, client: p.Client(settings.AllowPrivateNetworks)}
	made.dialect = p.dialectOf(made)
	p.known[name] = made
	return made, nil
}

func (p *Providers) forget(name string, old *provider) {
	if old != nil {
		old.client.CloseIdleConnections()
		delete(p.known, name)
	}
}

func (p *Providers) dialectOf(made *provider) dialect {
	switch made.Type {
	case realmconfig.GitHub:
		return &github{made}
	case realmconfig.OAuth2:
		return &plain{made}
	default:
		return newOpenID(made, p.Now)
	}
}

// AuthorizationURL implements federation.Providers.
func (p *Providers) AuthorizationURL(ctx context.Context, name string, r federation.AuthorizationRequest) (string, federation.Party, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	provider, err := p.provider(name)
	if err != nil {
		return "", "", err
	}
	e, err := provider.dialect.endpoints(ctx)
	if err != nil {
		return "", "", unavailable(name, "find endpoints", err)
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(string(r.Verifier))}
	if provider.speaksOpenID() {
		options = append(options, oauth2.SetAuthURLParam("nonce", string(r.Nonce)))
		if r.Reauthenticate { // and not prompt=login, over which some providers stumble
			options = append(options, oauth2.SetAuthURLParam("max_age", "0"))
		}
	}
	if provider.ResponseMode == realmconfig.FormPost {
		options = append(options, oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	return provider.oauth(e, r).AuthCodeURL(string(r.State), options...), provider.party(e), nil
}

// Identify implements federation.Providers.
func (p *Providers) Identify(ctx context.Context, name string, r federation.AuthorizationRequest, asked federation.Party, a federation.AuthorizationAnswer) (federation.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	provider, err := p.provider(name)
	if err != nil {
		return federation.Identity{}, err
	}
	e, err := provider.dialect.endpoints(ctx)
	if err != nil {
		return federation.Identity{}, unavailable(name, "find endpoints", err)
	}
	if provider.party(e) != asked || !provider.expected(e).mayBeGivenBy(a.Issuer) {
		return federation.Identity{}, &auth.Error{Code: auth.StateInvalid}
	}
	if a.Code == "" || a.Error != "" {
		return federation.Identity{}, refusedWith(a.Error)
	}
	token, err := provider.exchange(ctx, e, r, a.Code)
	if err != nil {
		return federation.Identity{}, err
	}
	identity, err := provider.dialect.identify(ctx, e, token, r)
	if err != nil {
		return federation.Identity{}, unavailable(name, "identify user", err)
	}
	identity.Provider, identity.Name = name, cmp.Or(identity.Name, nameOf(a.Name))
	return identity, nil
}

// speaksOpenID reports whether the provider issues ID tokens.
func (p *provider) speaksOpenID() bool {
	return p.Type != realmconfig.GitHub && p.Type != realmconfig.OAuth2
}
