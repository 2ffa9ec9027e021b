// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// What a realm may require of people, as a Report calls it.
const (
	// FactorsRequirement is TwoFactor.Required.
	FactorsRequirement = "factors"
	// PasswordsRequirement is Passwords.Existing.
	PasswordsRequirement = "passwords"
)

// MaxGroupsReported bounds the groups that a RequirementReport names.
const MaxGroupsReported = 20

// RequirementReport counts the people whom a requirement concerns. It names nobody.
type RequirementReport struct {
	// Covered are those who must meet it, and Without those among them who do not.
	Covered int `json:"covered"`
	Without int `json:"without"`
	// Blocked are those who have been stopped at sign-in and have not met it yet.
	Blocked int `json:"blocked"`
	// Held is set when as many are blocked as the realm allows: nobody further is stopped.
	Held bool `json:"held,omitempty"`
	// ByGroup are the groups of those who do not meet it, the largest number first;
	// MaxGroupsReported at most. Somebody in two groups is counted in both.
	ByGroup []GroupWithout `json:"byGroup,omitempty"`
	// EmptyGroups are those that the requirement names and in which nobody is, in order.
	EmptyGroups []string `json:"emptyGroups,omitempty"`
	// CountedAt is when they were counted.
	CountedAt time.Time `json:"countedAt"`
}

// GroupWithout is how many people of a group do not meet a requirement.
type GroupWithout struct {
	Group   string `json:"group"`
	Without int    `json:"without"`
}
