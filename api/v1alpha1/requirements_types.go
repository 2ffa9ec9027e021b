// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RequiredOf says who must have a second factor.
//
// +kubebuilder:validation:Enum=None;Admins;Groups;Everybody
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

// Enforcement says how far a requirement goes with people who do not meet it.
//
// +kubebuilder:validation:Enum=Observe;Warn;Enforce
type Enforcement string

const (
	// Observe counts them.
	Observe Enforcement = "Observe"
	// Warn tells them at sign-in from which day on they will have to meet it.
	Warn Enforcement = "Warn"
	// Enforce has them meet it at sign-in, once their grace period is over.
	Enforce Enforcement = "Enforce"
)

// RequiredFactors says who must have a second factor, such as a passkey or an authenticator
// app, and what becomes of people without one.
//
// +kubebuilder:validation:XValidation:rule="!has(self.who) || (self.who == 'Groups') == has(self.groups)",message="groups goes with who: Groups, and the other way round: name those whose members must have a second factor, such as [staff]"
type RequiredFactors struct {
	// who says of whom a second factor is required: None, Admins, Groups (whoever is in one
	// of groups) or Everybody.
	// +required
	Who RequiredOf `json:"who,omitempty"`

	// groups of the realm whose members must have one, such as staff, where who is Groups.
	// RequirementsInForce tells of one in which nobody is.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[\\\\pL\\\\pM\\\\pN\\\\pP\\\\pS]([ \\\\pL\\\\pM\\\\pN\\\\pP\\\\pS]*[\\\\pL\\\\pM\\\\pN\\\\pP\\\\pS])?$') && !self.contains(',') && size(bytes(self)) <= 128",message="each group must be the name of a group of the realm, such as staff: at most 128 bytes, without commas and line breaks, and without spaces around it"
	// +kubebuilder:validation:items:XValidation:rule="!self.startsWith('system:')",message="no group of a realm begins with system:, which is Kubernetes' own"
	Groups []string `json:"groups,omitempty"`

	// enforcement is Observe (also when absent: status.requirements counts who would be
	// stopped), Warn (people without one are told at sign-in from which day on they will
	// need one) or Enforce (once their grace period is over, they set one up at sign-in).
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// gracePeriod is how long somebody has from the first sign-in on at which Warn or
	// Enforce tells them, such as 720h; 336h when absent, and 0s stops them at the next
	// sign-in.
	// +optional
	// +realmkeeper:validation:Duration:example="336h",min="0s",max="8760h",which="a year"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`

	// maxBlocked is how many people Enforce may have stopped at a time who have set nothing
	// up yet; 20 when absent. Once as many are stopped, nobody further is, and
	// RequirementsInForce says so, until some have set one up or the number is raised.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxBlocked *int32 `json:"maxBlocked,omitempty"`
}

// ExistingPasswords says what becomes of people whose password of old the rules of today
// would not take, such as one shorter than minLength. Only a sign-in shows who they are.
type ExistingPasswords struct {
	// enforcement is Observe (also when absent: status.requirements counts those who have
	// been seen), Warn (they are told at sign-in from which day on they will need another
	// password) or Enforce (once their grace period is over, they choose one at sign-in).
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// gracePeriod is how long somebody has from the first sign-in on at which Warn or
	// Enforce tells them, such as 720h; 336h when absent, and 0s stops them at the next
	// sign-in.
	// +optional
	// +realmkeeper:validation:Duration:example="336h",min="0s",max="8760h",which="a year"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`

	// maxBlocked is how many people Enforce may have stopped at a time who have chosen none
	// yet; 20 when absent. Once as many are stopped, nobody further is, and
	// RequirementsInForce says so, until some have chosen one or the number is raised.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxBlocked *int32 `json:"maxBlocked,omitempty"`
}

// RequirementName is what status calls a requirement.
//
// +kubebuilder:validation:Enum=factors;passwords
type RequirementName string

const (
	// FactorsRequirement is twoFactor.required.
	FactorsRequirement RequirementName = "factors"
	// PasswordsRequirement is passwords.existing.
	PasswordsRequirement RequirementName = "passwords"
)

// RequirementStatus counts the people whom a requirement concerns. It names nobody.
type RequirementStatus struct {
	// name is factors for twoFactor.required, and passwords for passwords.existing.
	// +required
	Name RequirementName `json:"name,omitempty"`

	// covered is how many people must meet it.
	// +optional
	Covered int32 `json:"covered"`

	// without is how many of them do not, and would be stopped by Enforce.
	// +optional
	Without int32 `json:"without"`

	// blocked is how many have been stopped at sign-in and have not met it yet.
	// +optional
	Blocked int32 `json:"blocked"`

	// held says whether Enforce stops nobody further, because maxBlocked people are.
	// +optional
	Held bool `json:"held,omitempty"`

	// byGroup are the groups of those without, the largest number first. Somebody in two
	// groups is counted in both, and somebody in none in none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	ByGroup []GroupWithout `json:"byGroup,omitempty"`

	// emptyGroups are those that the requirement names and in which nobody is.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=128
	EmptyGroups []string `json:"emptyGroups,omitempty"`

	// countedAt is when a pod counted them. While nothing changes it moves on by an hour or
	// more.
	// +required
	CountedAt metav1.Time `json:"countedAt,omitzero"`
}

// GroupWithout is how many people of a group do not meet a requirement.
type GroupWithout struct {
	// group is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Group string `json:"group,omitempty"`

	// without is how many of its people do not.
	// +optional
	Without int32 `json:"without"`
}
