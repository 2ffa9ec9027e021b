// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxGroupName bounds the name of a group, in bytes.
	MaxGroupName = 128
	// MaxMappedGroups bounds how many groups a provider may speak of.
	MaxMappedGroups = 100
	// DefaultGroupsClaim is where a provider lists groups by default.
	DefaultGroupsClaim = "groups"
)

// GroupMapping says which groups of a provider's users are groups of the realm.
type GroupMapping struct {
	// Claim is the member of the ID token or the profile that lists a user's groups
	// there; DefaultGroupsClaim when it is empty.
	Claim string `json:"claim,omitempty"`
	// Allow are the only groups that are taken over, as the provider calls them, to
	// the letter; 1 to 100.
	Allow []string `json:"allow"`
	// Prefix stands before their names in the realm.
	Prefix string `json:"prefix,omitempty"`
}

// ClaimName is where the provider lists groups.
func (m GroupMapping) ClaimName() string { return cmp.Or(m.Claim, DefaultGroupsClaim) }

// NameOf is what a group of the provider is called in the realm; false for one that is
// not taken over.
func (m GroupMapping) NameOf(group string) (string, bool) {
	return m.Prefix + group, slices.Contains(m.Allow, group)
}

// Authority is who is configured to speak for the provider's users. What another one
// said of them, before the provider was pointed elsewhere, says nothing any more.
func (v Provider) Authority() string {
	switch {
	case v.Issuer != "":
		return v.Issuer
	case v.Endpoints != nil:
		return v.Endpoints.UserInfo
	default:
		return string(v.Type)
	}
}

// CheckGroupName says what a group cannot be called. Kubernetes keeps names that begin
// with system: to itself. Gateways list groups in one header, separated by commas.
func CheckGroupName(name string) error {
	switch {
	case name == "":
		return errors.New("must not be empty")
	case len(name) > MaxGroupName:
		return fmt.Errorf("must be at most %d bytes", MaxGroupName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("must hold letters, digits, signs and spaces alone")
	case name[0] == ' ' || name[len(name)-1] == ' ':
		return errors.New("must not begin or end with a space")
	case strings.Contains(name, ","):
		return errors.New("must have no comma")
	case strings.HasPrefix(name, "system:"):
		return errors.New("must not begin with system:, as those of Kubernetes do")
	}
	return nil
}

func (m GroupMapping) validate(p *problems, i int) {
	p.check(len(m.Claim) <= maxClaimName, "providers[%d].groups.claim: must be at most %d bytes", i, maxClaimName)
	p.check(len(m.Allow) > 0 && len(m.Allow) <= MaxMappedGroups, "providers[%d].groups.allow: must be 1 to %d groups", i, MaxMappedGroups)
	for j, group := range m.Allow {
		p.check(group != "" && !slices.Contains(m.Allow[:j], group), "providers[%d].groups.allow[%d]: must not be empty, and stand there once", i, j)
		if err := CheckGroupName(m.Prefix + group); err != nil {
			p.check(false, "providers[%d].groups.allow[%d]: with the prefix, it %s", i, j, err)
		}
	}
}

// maxClaimName bounds the name of a claim, in bytes: what the kind takes in characters.
const maxClaimName = 4 * 128
