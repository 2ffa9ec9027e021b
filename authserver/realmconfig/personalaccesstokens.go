// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// PersonalAccessTokens are tokens that people make by themselves, each for one client that
// takes them; see Client.PersonalAccessTokens.
type PersonalAccessTokens struct {
	// MaxLifetime is how long one is good at most: 24h to 8784h, which is a leap year,
	// 2160h by default, which is 90 days.
	MaxLifetime Duration `json:"maxLifetime"`
}

func (t PersonalAccessTokens) validate(p *problems) {
	p.duration("personalAccessTokens.maxLifetime", t.MaxLifetime, 24*time.Hour, 366*24*time.Hour)
}

// PersonalAccessTokenUse says whether a client takes them.
type PersonalAccessTokenUse string

const (
	PersonalAccessTokensRefused PersonalAccessTokenUse = "Refused"
	PersonalAccessTokensAllowed PersonalAccessTokenUse = "Allowed"
)

// TakesPersonalAccessTokens reports whether people may make tokens for the client, as far as
// the realm lets them.
func (c Client) TakesPersonalAccessTokens() bool {
	return c.PersonalAccessTokens == PersonalAccessTokensAllowed
}
