// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"cmp"
	"context"
	"time"

	"golang.org/x/oauth2"
)

// signIn lets somebody sign in. What they are given is yet to be written.
func (p *Plugin) signIn(ctx context.Context) (kept, error) {
	ctx, cancel := context.WithTimeout(p.asking(ctx), patience)
	defer cancel()
	d, err := p.discover(ctx)
	if err != nil {
		return kept{}, err
	}
	ask := p.inBrowser
	if p.Device {
		ask = p.onDevice
	}
	tokens, nonce, err := ask(ctx, d)
	if err != nil {
		return kept{}, plain(err)
	}
	fresh, who, err := p.accept(tokens, kept{Nonce: nonce})
	if err != nil {
		return kept{}, err
	}
	p.say("Signed in at %s as %s.\n", p.Issuer, printable(cmp.Or(who.Email, who.Subject)))
	if fresh.RefreshToken == "" {
		p.say("There is no refresh token: in %s you will be asked again.\n", fresh.Expires.Sub(p.Now()).Round(time.Second))
	}
	return fresh, nil
}

// accept takes the answer of a token endpoint in the place of what was kept. Its refresh token
// counts even where its ID token does not: the one before is used up.
func (p *Plugin) accept(tokens *oauth2.Token, before kept) (kept, claims, error) {
	k := before
	k.RefreshToken = Secret(cmp.Or(tokens.RefreshToken, string(before.RefreshToken)))
	raw, _ := tokens.Extra("id_token").(string)
	said, err := p.judge(raw, before)
	if err != nil {
		return k, claims{}, err
	}
	k.IDToken, k.Subject, k.Expires = Secret(raw), said.Subject, said.expiresHere(p.Now())
	return k, said, nil
}
