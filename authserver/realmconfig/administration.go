// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// Administration says how well, and how recently, administrators must have signed in, to the admin
// pages and the admin API.
type Administration struct {
	// ACR is the class of sign-in that is needed (OpenID Connect Core 1.0, section 2, acr): 2
	// for two factors; empty for any.
	ACR string `json:"acr,omitempty"`
	// MaxAge is how long ago they may have shown who they are: 1m to 8760h, which is a year;
	// zero for whenever.
	MaxAge Duration `json:"maxAge,omitempty"`
}

// IsACR reports whether a text is a class of sign-in: 1 for one factor, or 2 for two, which
// includes it.
func IsACR(class string) bool { return class == "1" || class == "2" }

func (a Administration) validate(p *problems) {
	p.check(a.ACR == "" || IsACR(a.ACR), "administration.acr: must be 1 or 2")
	if a.MaxAge != 0 {
		p.duration("administration.maxAge", a.MaxAge, time.Minute, 365*24*time.Hour)
	}
}
