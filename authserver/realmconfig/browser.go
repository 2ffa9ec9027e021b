// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/url"
	"strings"
)

// Browser says which pages may talk to the realm and where it sends people.
type Browser struct {
	// AllowedOrigins may call the API from a page (CORS), such as
	// https://app.example.com; none by default. Load brings them, and ReturnURLs, into
	// the form of Origin.
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`
	// ReturnURLs are where a browser may be sent after signing in, none by
	// default. One matches a URL of the same scheme and host whose path is the same
	// or, when the entry ends with "/", below it.
	ReturnURLs []string `json:"returnURLs,omitempty"`
	// ResetPasswordURL and VerifyEmailURL are what mails link to, with
	// "{token}" where the token goes; pages of the realm's own by default.
	ResetPasswordURL string `json:"resetPasswordURL"`
	VerifyEmailURL   string `json:"verifyEmailURL"`
}

func (b Browser) validate(p *problems) {
	for i, raw := range b.AllowedOrigins {
		u, err := url.Parse(raw)
		bare := err == nil && isHTTP(raw) && u.Path == "" && !strings.ContainsAny(raw, "?#")
		p.check(bare, "browser.allowedOrigins[%d]: must be an origin such as https://app.example.com", i)
		if bare {
			_, err = Origin(u)
			p.check(err == nil, "browser.allowedOrigins[%d]: %w", i, err)
		}
	}
	for i, raw := range b.ReturnURLs {
		u, err := url.Parse(raw)
		bare := err == nil && isHTTP(raw) && !strings.ContainsAny(raw, "?#")
		p.check(bare, "browser.returnURLs[%d]: must be a URL without query and fragment", i)
		if bare {
			_, err = Origin(u)
			p.check(err == nil, "browser.returnURLs[%d]: %w", i, err)
			p.check(IsPlainPath(u.EscapedPath()), `browser.returnURLs[%d]: must have a path without .., //, ; or \ that a server could read otherwise`, i)
		}
	}
	p.check(isHTTP(b.ResetPasswordURL), "browser.resetPasswordURL: must be a URL")
	p.check(isHTTP(b.VerifyEmailURL), "browser.verifyEmailURL: must be a URL")
}

// asBrowsersWrite is b with the origins of its addresses in the form of Origin: what
// comes from a browser is compared with them.
func (b Browser) asBrowsersWrite() Browser {
	normal := func(list []string) (written []string) {
		for _, raw := range list {
			if u, err := url.Parse(raw); err == nil {
				if origin, err := Origin(u); err == nil {
					raw = origin + u.EscapedPath()
				}
			}
			written = append(written, raw)
		}
		return written
	}
	b.AllowedOrigins, b.ReturnURLs = normal(b.AllowedOrigins), normal(b.ReturnURLs)
	return b
}
