// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

const (
	// askAgain is when a refresh is asked for once more that has no answer yet. An issuer that
	// rotates refresh tokens takes the one before for some seconds yet, a realm for ten where
	// tokens.refreshGracePeriod says nothing else: it may have answered, and the answer be lost.
	askAgain = 4 * time.Second
	// longestRefresh is how long a refresh may take in all.
	longestRefresh = 30 * time.Second
)

// current is what is kept if that lasts for a while, and else what becomes of it by a refresh.
// The caller holds the lock.
func (p *Plugin) current(ctx context.Context, k kept) (kept, error) {
	left := k.Expires.Sub(p.Now())
	if left > margin {
		return k, nil
	}
	if k.RefreshToken == "" {
		return kept{}, fmt.Errorf("%w at %s any more", ErrSignedOut, p.Issuer)
	}
	tokens, err := p.refresh(ctx, k.RefreshToken)
	switch {
	case isRefused(err):
		return kept{}, errors.Join(fmt.Errorf("%w at %s any more", ErrSignedOut, p.Issuer), p.forget())
	case err != nil && left > 0:
		return k, nil // good for this once
	case err != nil:
		return kept{}, fmt.Errorf("refresh the ID token: %w", plain(err))
	}
	k, _, err = p.accept(tokens, k)
	if err := errors.Join(err, p.write(k)); err != nil {
		return kept{}, err
	}
	return k, nil
}

// refresh asks for tokens, and once more when there is no answer for a while or the connection
// breaks.
func (p *Plugin) refresh(ctx context.Context, token Secret) (*oauth2.Token, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	// Ctrl-C reaches kubectl and its plugins alike. Once it has been asked for, the successor of
	// the refresh token is waited for all the same: nobody else will have it.
	ctx, cancel := context.WithTimeout(p.asking(context.WithoutCancel(ctx)), longestRefresh)
	defer cancel()
	type answer struct {
		tokens *oauth2.Token
		err    error
	}
	const most = 2
	answers, asked, answered := make(chan answer, most), 0, 0
	ask := func() {
		asked++
		go func() {
			tokens, err := p.config(d).TokenSource(ctx, &oauth2.Token{RefreshToken: string(token)}).Token()
			answers <- answer{tokens, err}
		}()
	}
	late := time.NewTimer(askAgain)
	defer late.Stop()
	for ask(); ; {
		select {
		case <-late.C:
			if asked < most {
				ask()
			}
		case a := <-answers:
			answered++
			if said := (*oauth2.RetrieveError)(nil); a.err == nil || errors.As(a.err, &said) || answered == most {
				return a.tokens, a.err
			}
			if asked < most {
				ask()
			}
		}
	}
}

// isRefused reports whether the issuer will never take the refresh token again (RFC 6749,
// section 5.2).
func isRefused(err error) bool {
	said := (*oauth2.RetrieveError)(nil)
	return errors.As(err, &said) && said.ErrorCode == "invalid_grant"
}
