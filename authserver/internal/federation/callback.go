// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// CallbackPath is where providers send browsers back to, below the issuer.
// Providers share it, unless one has a callback of its own below.
const CallbackPath = providersPath + "callback"

// Callback is what a provider sends a browser back with.
type Callback struct {
	// Provider is whose own callback the browser came to; empty at the shared one.
	Provider string
	State    auth.Secret
	Answer   AuthorizationAnswer
	// Held is an answer that HoldAnswer has sealed; empty when Answer is it.
	Held    string
	Browser auth.Secret
}

// callbackURL is the callback of one provider, or with no name the shared one.
func callbackURL(settings realmconfig.Config, provider string) string {
	address := settings.Address(CallbackPath)
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
