// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"time"
)

// issue lets a pod sign an access token, and one of each other algorithm that it can.
func (w *world) issue(p *pod) error {
	signing, signs := p.signsAccess(w.now)
	if !signs {
		return fmt.Errorf("%s has no key to sign access tokens with: %+v", p.name, p.keyset)
	}
	expires := p.time(w.now).Add(p.longestToken())
	sign := func(tokens map[string]time.Time, kid string) {
		if expires.After(tokens[kid]) {
			tokens[kid] = expires
		}
	}
	sign(w.access, signing.KID)
	for _, f := range p.keyset.Families {
		if k, signs := f.SigningKey(p.time(w.now)); signs && !p.earlier {
			sign(w.others, k.KID)
		}
	}
	return nil
}

// verify holds every token that has not expired against what a verifier knows.
func (w *world) verify(v *verifier) error {
	if !v.until.After(w.now) && !w.fetch(v) {
		return nil // nobody serves
	}
	for _, tokens := range []map[string]time.Time{w.access, w.others} {
		for kid, expiry := range tokens {
			if !w.isRevoked(kid) && !w.atOnce[kid] && !slices.Contains(v.knows, kid) {
				return fmt.Errorf("a verifier does not know %s, of which there are tokens until %s; it knows %v", kid, expiry, v.knows)
			}
		}
	}
	return nil
}

func (w *world) isRevoked(kid string) bool {
	return w.revoked[kid] || slices.Contains(w.policy.Revoked, kid)
}

// hold holds every token that has not expired against what pods do, and are to do.
func (w *world) hold() error {
	for _, tokens := range []map[string]time.Time{w.access, w.others} {
		published := kidsOf(w.newest().keyset.Published(w.now))
		for kid, expiry := range tokens {
			if !w.isRevoked(kid) && !slices.Contains(published, kid) {
				return fmt.Errorf("%s is published no more, of which there are tokens until %s", kid, expiry)
			}
		}
	}
	for _, p := range w.pods {
		if err := w.holdAgainst(p); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) holdAgainst(p *pod) error {
	if !p.serves() {
		return nil
	}
	published := p.publishes(w.now)
	for _, tokens := range []map[string]time.Time{w.access, w.others} {
		for kid, expiry := range tokens {
			if !w.isRevoked(kid) && !w.atOnce[kid] && !slices.Contains(published, kid) {
				return fmt.Errorf("%s does not know %s, of which there are tokens until %s", p.name, kid, expiry)
			}
		}
	}
	for kid, expiry := range w.access {
		if !w.isRevoked(kid) && !w.atOnce[kid] && !p.takes(kid, w.now) {
			return fmt.Errorf("%s takes no access tokens of %s, of which there are some until %s: %+v", p.name, kid, expiry, p.keyset)
		}
	}
	return nil
}

func (w *world) fetch(v *verifier) bool {
	var serving []*pod
	for _, p := range w.pods {
		if p.serves() {
			serving = append(serving, p)
		}
	}
	if len(serving) == 0 {
		return false
	}
	p := serving[w.r.IntN(len(serving))]
	v.knows, v.until = p.publishes(w.now), w.now.Add(p.config.jwksMaxAge)
	return true
}
