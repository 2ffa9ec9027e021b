// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// RequiredFactors says who must have a second factor; nil where nobody must.
func RequiredFactors(realm *v1alpha1.AuthRealm) *realmconfig.RequiredFactors {
	r := valueOr(realm.Spec.TwoFactor, v1alpha1.TwoFactor{}).Required
	if r == nil || r.Who == v1alpha1.RequiredOfNone {
		return nil
	}
	absent := realmconfig.DefaultRequiredFactors()
	return &realmconfig.RequiredFactors{
		Who:         realmconfig.RequiredOf(r.Who),
		Groups:      r.Groups,
		Enforcement: cmp.Or(realmconfig.Enforcement(r.Enforcement), absent.Enforcement),
		GracePeriod: durationOr(r.GracePeriod, absent.GracePeriod),
		MaxBlocked:  intOr(r.MaxBlocked, absent.MaxBlocked),
	}
}

// ExistingPasswords says what becomes of passwords that the rules of today would not take;
// nil where nobody asks about them.
func ExistingPasswords(realm *v1alpha1.AuthRealm) *realmconfig.ExistingPasswords {
	e := valueOr(realm.Spec.Passwords, v1alpha1.Passwords{}).Existing
	if e == nil {
		return nil
	}
	absent := realmconfig.DefaultExistingPasswords()
	return &realmconfig.ExistingPasswords{
		Enforcement: cmp.Or(realmconfig.Enforcement(e.Enforcement), absent.Enforcement),
		GracePeriod: durationOr(e.GracePeriod, absent.GracePeriod),
		MaxBlocked:  intOr(e.MaxBlocked, absent.MaxBlocked),
	}
}
