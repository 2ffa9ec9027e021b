// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"context"
	"errors"

	"golang.org/x/oauth2"
)

// onDevice signs somebody in who has a browser elsewhere, where they type a code (RFC 8628).
// There is no nonce: nothing comes back by the browser.
func (p *Plugin) onDevice(ctx context.Context, d described) (tokens *oauth2.Token, nonce string, err error) {
	if d.Device == "" {
		return nil, "", errors.New("the issuer knows no device codes: sign in without --device")
	}
	config := p.config(d)
	started, err := config.DeviceAuth(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case !ownOrHTTPS(started.VerificationURI) || started.UserCode == "":
		return nil, "", errors.New("the issuer gave no page and code to sign in with")
	}
	p.say("To sign in at %s, open this on any device:\n\n  %s\n\nand type the code %s\n",
		p.Issuer, printable(started.VerificationURI), printable(started.UserCode))
	tokens, err = config.DeviceAccessToken(ctx, started)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("nobody has typed the code in time")
	}
	return tokens, "", err
}
