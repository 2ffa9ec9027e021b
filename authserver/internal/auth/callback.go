// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// CallbackPath is where providers send browsers back to, below the issuer.
// Providers share it, unless one has a callback of its own below.
const CallbackPath = oauthPath + "callback"

// Callback is what a provider sends a browser back with.
type Callback struct {
	// Provider is whose own callback the browser came to; empty at the shared one.
	Provider string
	State    Secret
	Answer   AuthorizationAnswer
	Browser  Secret
}

// callbackURL is the callback of one provider, or with no name the shared one.
func callbackURL(settings realmconfig.Config, provider string) string {
	address := strings.TrimSuffix(settings.Issuer, "/") + CallbackPath
	if provider == "" {
		return address
	}
	return address + "/" + url.PathEscape(provider)
}

// redirectURI is where a provider sends browsers back to (RFC 6749, section 3.1.2).
func redirectURI(settings realmconfig.Config, p realmconfig.Provider) string {
	if p.OwnCallback {
		return callbackURL(settings, p.Name)
	}
	return callbackURL(settings, "")
}

// cameBack refuses an answer with StateInvalid unless it came to the callback
// that the journey was begun with (RFC 9700, section 4.4.2.2), and that is the
// provider's still: whoever has the shared one now may not be who had it then.
func (j journey) cameBack(settings realmconfig.Config, p realmconfig.Provider, c Callback) error {
	if to := callbackURL(settings, c.Provider); to != j.RedirectURI || to != redirectURI(settings, p) {
		return refuse(StateInvalid)
	}
	return nil
}
