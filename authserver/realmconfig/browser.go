// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "net/url"

// Browser says which pages may talk to the realm and where it sends people.
type Browser struct {
	// AllowedOrigins may call the API from a page (CORS), such as
	// https://app.example.com; none by default.
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
	for i, origin := range b.AllowedOrigins {
		u, err := url.Parse(origin)
		p.check(err == nil && isHTTP(origin) && u.Path == "" && u.RawQuery == "" && u.Fragment == "",
			"browser.allowedOrigins[%d]: must be an origin such as https://app.example.com", i)
	}
	for i, raw := range b.ReturnURLs {
		u, err := url.Parse(raw)
		p.check(err == nil && isHTTP(raw) && u.RawQuery == "" && u.Fragment == "",
			"browser.returnURLs[%d]: must be a URL without query and fragment", i)
	}
	p.check(isHTTP(b.ResetPasswordURL), "browser.resetPasswordURL: must be a URL")
	p.check(isHTTP(b.VerifyEmailURL), "browser.verifyEmailURL: must be a URL")
}
