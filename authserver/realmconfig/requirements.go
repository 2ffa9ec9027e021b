// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"slices"
	"time"
)

// Enforcement says how far a requirement goes with people who do not meet it.
type Enforcement string

const (
	// Observe counts them, and nobody else notices.
	Observe Enforcement = "Observe"
	// Warn tells them at sign-in from which day on they will have to meet it.
	Warn Enforcement = "Warn"
	// Enforce has them meet it at sign-in, once their grace period is over.
	Enforce Enforcement = "Enforce"
)

// RequiredOf says who must have a second factor.
type RequiredOf string

const (
	// RequiredOfNone asks nobody.
	RequiredOfNone RequiredOf = "None"
	// RequiredOfAdmins asks administrators.
	RequiredOfAdmins RequiredOf = "Admins"
	// RequiredOfGroups asks whoever is in one of some groups.
	RequiredOfGroups RequiredOf = "Groups"
	// RequiredOfEverybody asks everybody.
	RequiredOfEverybody RequiredOf = "Everybody"
)

// MaxRequiredGroups bounds the groups that a requirement names.
const MaxRequiredGroups = 50

// RequiredFactors says who must have a second factor, and what becomes of those without
// one.
type RequiredFactors struct {
	// Who must be said.
	Who RequiredOf `json:"who"`
	// Groups are whose members must have one, where Who is Groups: 1 to 50 names, and none
	// elsewhere.
	Groups []string `json:"groups,omitempty"`
	// Enforcement is Observe by default.
	Enforcement Enforcement `json:"enforcement"`
	// GracePeriod is how long somebody has from the first time on that they are told, at a
	// sign-in, and until Enforce stops them there: 0s to 8760h, 336h by default.
	GracePeriod Duration `json:"gracePeriod"`
	// MaxBlocked is how many people Enforce may have stopped at a time who have not met the
	// requirement yet. It reaches nobody further then: 1 to 1000000, 20 by default.
	MaxBlocked int `json:"maxBlocked"`
}

// ExistingPasswords says what becomes of people whose password the rules of today would
// not take.
type ExistingPasswords struct {
	// Enforcement is Observe by default.
	Enforcement Enforcement `json:"enforcement"`
	// GracePeriod is how long somebody has from the first time on that they are told, at a
	// sign-in, and until Enforce stops them there: 0s to 8760h, 336h by default.
	GracePeriod Duration `json:"gracePeriod"`
	// MaxBlocked is how many people Enforce may have stopped at a time who have no better
	// password yet. It reaches nobody further then: 1 to 1000000, 20 by default.
	MaxBlocked int `json:"maxBlocked"`
}

// DefaultRequiredFactors is what a realm that says who must have a second factor need not
// say of it.
func DefaultRequiredFactors() RequiredFactors {
	d := DefaultExistingPasswords()
	return RequiredFactors{Enforcement: d.Enforcement, GracePeriod: d.GracePeriod, MaxBlocked: d.MaxBlocked}
}

// DefaultExistingPasswords is what a realm that asks about passwords of old need not say of
// it.
func DefaultExistingPasswords() ExistingPasswords {
	return ExistingPasswords{Enforcement: Observe, GracePeriod: Duration(14 * 24 * time.Hour), MaxBlocked: 20}
}

// Concerns reports whether somebody must have a second factor, who is an administrator or
// not, and in these groups. Nil concerns nobody.
func (r *RequiredFactors) Concerns(admin bool, groups []string) bool {
	if r == nil {
		return false
	}
	switch r.Who {
	case RequiredOfEverybody:
		return true
	case RequiredOfAdmins:
		return admin
	case RequiredOfGroups:
		return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(r.Groups, g) })
	case RequiredOfNone:
	}
	return false
}

func (r RequiredFactors) validate(p *problems) {
	oneOf(p, "twoFactor.required.who", r.Who, RequiredOfNone, RequiredOfAdmins, RequiredOfGroups, RequiredOfEverybody)
	p.check((r.Who == RequiredOfGroups) == (len(r.Groups) > 0), "twoFactor.required.groups: must be named with who %s, and not without", RequiredOfGroups)
	distinct(p, "twoFactor.required.groups", r.Groups, MaxRequiredGroups, func(name string) bool { return CheckGroupName(name) == nil },
		"must be the name of a group of the realm, such as staff")
	validateRollout(p, "twoFactor.required", r.Enforcement, r.GracePeriod, r.MaxBlocked)
}

func (e ExistingPasswords) validate(p *problems) {
	validateRollout(p, "passwords.existing", e.Enforcement, e.GracePeriod, e.MaxBlocked)
}

func validateRollout(p *problems, field string, enforcement Enforcement, gracePeriod Duration, maxBlocked int) {
	oneOf(p, field+".enforcement", enforcement, Observe, Warn, Enforce)
	p.duration(field+".gracePeriod", gracePeriod, 0, 365*24*time.Hour)
	p.number(field+".maxBlocked", maxBlocked, 1, 1_000_000)
}
