// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/netip"
	"net/url"
	"time"
)

// Browser says which pages may talk to the realm and where it sends people.
type Browser struct {
	// AllowedOrigins may call the API from a page (CORS), such as https://app.example.com.
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`
	// ReturnURLs are where a browser may be sent after signing in. One matches
	// a URL of the same scheme and host whose path is the same or, when the
	// entry ends with "/", below it.
	ReturnURLs []string `json:"returnURLs,omitempty"`
	// ResetPasswordURL and VerifyEmailURL are what mails link to; "{token}"
	// stands for the token.
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

// Network says whom to believe about where a request comes from, and how many
// requests one source may send.
type Network struct {
	// TrustedProxies are CIDR prefixes. The client is the right-most address of
	// X-Forwarded-For that is not one of them.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// RequestsPerMinute one source address may send to an endpoint that costs
	// work or sends mail, and a tenth of what it may refresh. Zero means no limit.
	RequestsPerMinute int `json:"requestsPerMinute"`
}

func (n Network) validate(p *problems) {
	for i, prefix := range n.TrustedProxies {
		_, err := netip.ParsePrefix(prefix)
		p.check(err == nil, "network.trustedProxies[%d]: must be a CIDR prefix such as 10.0.0.0/8", i)
	}
	p.check(n.RequestsPerMinute >= 0 && n.RequestsPerMinute <= 1_000_000, "network.requestsPerMinute: must be 0 to 1000000")
}

// Audit says how long what happened is remembered.
type Audit struct {
	Retention Duration `json:"retention"`
}

func (a Audit) validate(p *problems) {
	p.between("audit.retention", a.Retention, 24*time.Hour, 10*365*24*time.Hour)
}
