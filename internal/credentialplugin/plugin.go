// SPDX-License-Identifier: Apache-2.0

// Package credentialplugin signs people in at an OpenID Connect issuer for kubectl, as a
// credential plugin of client-go does.
//
// An API server verifies ID tokens without asking the issuer, so that whoever must lose
// access soon has ID tokens that live for a minute. They are refreshed here: one process does
// so at a time, and all others find in a file what became of it.
package credentialplugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Plugin signs one person in at one client of one issuer.
type Plugin struct {
	// Issuer is an https:// URL, or an http:// one on this machine. ClientID is that of a
	// public client there, to which http://127.0.0.1/ is registered with any port.
	Issuer, ClientID string
	// Scopes are asked for at each sign-in.
	Scopes []string
	// Device lets people sign in on another device (RFC 8628), not in a browser on this machine.
	Device bool
	// Dir is a folder of the user's own, which is made when it is missing.
	Dir string
	// HTTP asks the issuer. It must not follow redirects: a refresh token goes nowhere else.
	HTTP *http.Client
	// Browse shows an address in a browser. That it cannot is no fault: people read the address
	// as well.
	Browse func(address string) error
	// Tell is where people read what to do. No secret is ever written to it.
	Tell io.Writer
	Now  func() time.Time
}

// ErrSignedOut means that nobody is signed in, or not any more: Login cures it, and nothing
// else does.
var ErrSignedOut = errors.New("nobody is signed in")

const (
	// margin is how long an ID token must last that is handed out: kubectl has yet to send it.
	margin = 10 * time.Second
	// patience is how long somebody may take to sign in.
	patience = 10 * time.Minute
)

// Token returns an ID token that lasts for a while yet. It refreshes the one that is kept, or
// lets people who can be asked sign in again once that is refused. It returns ErrSignedOut
// where nobody can be asked.
func (p *Plugin) Token(ctx context.Context, canAsk bool) (Credential, error) {
	unlock, err := p.lock(ctx)
	if err != nil {
		return Credential{}, err
	}
	defer unlock()
	k, err := p.read()
	if err == nil {
		k, err = p.current(ctx, k)
	}
	if errors.Is(err, ErrSignedOut) && canAsk {
		if k, err = p.signIn(ctx); err == nil {
			err = p.write(k)
		}
	}
	if err != nil {
		return Credential{}, err
	}
	return Credential{Token: k.IDToken, Expires: k.Expires.Add(-margin)}, nil
}

// Login signs somebody in, whoever was before.
func (p *Plugin) Login(ctx context.Context) error {
	fresh, err := p.signIn(ctx)
	if err != nil {
		return err
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return p.write(fresh)
}

// Logout forgets the tokens and tells the issuer that they are worth nothing any more
// (RFC 7009).
func (p *Plugin) Logout(ctx context.Context) error {
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	k, err := p.read()
	if errors.Is(err, ErrSignedOut) {
		p.say("You were not signed in at %s.\n", p.Issuer)
		return nil
	}
	if err := errors.Join(err, p.forget()); err != nil {
		return err
	}
	if err := p.revoke(ctx, k.RefreshToken); err != nil {
		return fmt.Errorf("the tokens are gone from this machine, but %s was not told: %w", p.Issuer, err)
	}
	p.say("Signed out of %s.\n", p.Issuer)
	return nil
}

func (p *Plugin) say(format string, args ...any) { _, _ = fmt.Fprintf(p.Tell, format, args...) }
