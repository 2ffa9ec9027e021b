// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/url"
	"strings"
)

// MaxRelatedOrigins is how many pages besides the realm's own may ask for its passkeys.
const MaxRelatedOrigins = 20

// Passkeys lets people sign in with public-key credentials (Web Authentication Level 3), which
// belong to the host of the issuer for good.
type Passkeys struct {
	// RelatedOrigins are pages on other hosts that may ask for them too, such as
	// https://app.example.net; none by default. Browsers take them when they have read the
	// realm's /.well-known/webauthn, for five names of sites at most (section 5.11). Load
	// brings them into the form of Origin.
	RelatedOrigins []string `json:"relatedOrigins,omitempty"`
}

func (k Passkeys) validate(p *problems, issuer string) {
	if u, err := url.Parse(issuer); err == nil {
		p.check(!isAddress(u), "passkeys: need an issuer with a host name, since a passkey belongs to one, and not an IP address")
	}
	p.check(len(k.RelatedOrigins) <= MaxRelatedOrigins, "passkeys.relatedOrigins: must be %d at most", MaxRelatedOrigins)
	for i, raw := range k.RelatedOrigins {
		u, err := url.Parse(raw)
		bare := err == nil && u.Scheme == "https" && u.Host != "" && u.Path == "" && !strings.ContainsAny(raw, "?#@")
		p.check(bare, "passkeys.relatedOrigins[%d]: must be an origin such as https://app.example.net", i)
		if bare {
			_, err = Origin(u)
			p.check(err == nil, "passkeys.relatedOrigins[%d]: %w", i, err)
			p.check(!isAddress(u), "passkeys.relatedOrigins[%d]: must have a host name, and not an IP address", i)
		}
	}
}

// isAddress reports whether a browser takes the host of a URL for an IP address.
func isAddress(u *url.URL) bool {
	host := u.Hostname()
	return strings.HasPrefix(u.Host, "[") || isNumber(host[strings.LastIndex(host, ".")+1:])
}

// asBrowsersWrite is k with its origins in the form of Origin.
func (k *Passkeys) asBrowsersWrite() *Passkeys {
	if k == nil {
		return nil
	}
	written := Passkeys{}
	for _, raw := range k.RelatedOrigins {
		if u, err := url.Parse(raw); err == nil {
			if origin, err := Origin(u); err == nil {
				raw = origin
			}
		}
		written.RelatedOrigins = append(written.RelatedOrigins, raw)
	}
	return &written
}
